import { describeAsk, isPermitted, isRootEquivalent, nodeLineFor } from "@keelson/grants";
import {
  type Ask,
  type BlockedChange,
  type DesiredInstance,
  type GrantInUse,
  type ObservedHost,
  type ObservedNode,
  type RecordState,
  compareText,
  resourceIds,
} from "@keelson/model";

import { type BoundPath, findBoundPaths } from "./bound-path.ts";
import { type NodeAllowance, pathOf } from "./host-path.ts";
import { findNestingFault, isNested } from "./nested-path.ts";
import { type PathFault, findPathFault, isPathNamed } from "./path-refusal.ts";
import { wantsContainers } from "./service-change.ts";

export interface JudgedGrants {
  /** By instance, why what the environment grants it is not possible on this node. */
  refused: ReadonlyMap<string, readonly RefusedGrant[]>;
  /** Everything that is permitted, as a plan lists it. */
  inUse: GrantInUse[];
}

export interface RefusedGrant {
  blocked: BlockedChange;
  /** Empty for what is no service's. */
  service: string;
}

interface JudgeInput {
  instances: readonly DesiredInstance[];
  observed: Pick<ObservedNode, "host">;
  record: Pick<RecordState, "applied">;
  /** What agent.yaml permits. */
  allow: NodeAllowance;
}

/** What this node says to all that the environment grants: it is permitted where both name it. */
export function judgeGrants({ instances, observed, record, allow }: JudgeInput): JudgedGrants {
  const wanting = instances.filter(wantsContainers);
  const { host } = observed;
  const bounds = host === undefined ? [] : findBoundPaths(wanting, { allow, host });
  const inUse: GrantInUse[] = [];
  const refused = new Map<string, RefusedGrant[]>();
  for (const instance of wanting) {
    const known = new Set((record.applied?.grants?.[instance.name] ?? []).map(keyOf));
    const unnamed: Ask[] = [];
    const faults: RefusedGrant[] = [];
    for (const ask of instance.grants) {
      const bound = bounds.find((each) => each.instance === instance && each.ask === ask);
      const judged = { instance, ask, bound, allow, host };
      if (!isNamed(judged)) unnamed.push(ask);
      else {
        const fault = faultOf(judged, bounds);
        if (fault !== null) faults.push(refuse(instance, { service: ask.service, fault }));
        else
          inUse.push({
            ...withoutNames(ask),
            instance: instance.name,
            isNew: !known.has(keyOf(ask)),
            isRoot: isRootEquivalent(ask) || isNestedBind(judged, bounds),
          });
      }
    }
    const all = [...describeUnnamed(instance, unnamed), ...faults];
    if (all.length > 0) refused.set(instance.name, all);
  }
  return { refused, inUse: inUse.sort(compareGrants) };
}

interface Judged {
  instance: DesiredInstance;
  ask: Ask;
  /** Of a path; absent where the node has none of that name, and where nobody has looked. */
  bound: BoundPath | undefined;
  allow: NodeAllowance;
  host: ObservedHost | undefined;
}

function isNamed({ ask, bound, allow, host }: Judged): boolean {
  if (bound === undefined || host === undefined)
    return (
      isPermitted(ask, allow) && (ask.kind !== "paths" || host === undefined || pathOf(ask, allow) !== null)
    );
  return isPathNamed(bound, { allow, host });
}

function faultOf({ bound, allow, host }: Judged, bounds: readonly BoundPath[]): PathFault | null {
  if (bound === undefined || host === undefined) return null;
  return findPathFault(bound, { allow, host }) ?? findNestingFault(bound, { bounds, allow, host });
}

function isNestedBind({ bound, allow, host }: Judged, bounds: readonly BoundPath[]): boolean {
  return bound !== undefined && host !== undefined && isNested(bound, { bounds, allow, host });
}

/** An entry for each service, with all that it asks for. */
function describeUnnamed(instance: DesiredInstance, asks: readonly Ask[]): RefusedGrant[] {
  return [...Map.groupBy(asks, ({ service }) => service)].map(([service, own]) => {
    const list = own.map(describeAsk).join(", ");
    return refuse(instance, {
      service,
      fault: {
        code: "K3060",
        message: `this node does not permit what ${ownerOf(instance, service)} asks for: ${list}`,
        hint: `To permit it, add to agent.yaml: ${nodeLineFor(own)}. What runs stays as it is.`,
        outcome: "stalled",
      },
    });
  });
}

function refuse(
  { project, services }: DesiredInstance,
  { service, fault }: { service: string; fault: PathFault },
): RefusedGrant {
  // What is a volume's concerns whoever has it.
  const names = service === "" ? services.map(({ name }) => name) : [service];
  return { service, blocked: { resource: resourceIds.services(project, names), ...fault } };
}

function ownerOf({ name, project }: DesiredInstance, service: string): string {
  return service === "" ? `instance ${name}` : `${project}/${service}`;
}

/** By which names the environment grants it says nothing of what a container gets. */
function withoutNames({ names: _names, ...ask }: Ask): Omit<Ask, "names"> {
  return ask;
}

function keyOf({ service, kind, value, readOnly = false }: Ask): string {
  return [service, kind, value, readOnly].join("\n");
}

function compareGrants(a: GrantInUse, b: GrantInUse): number {
  return (
    Number(b.isNew) - Number(a.isNew) ||
    compareText(a.instance, b.instance) ||
    compareText(keyOf(a), keyOf(b))
  );
}
