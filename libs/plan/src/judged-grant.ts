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
  ownOf,
} from "@keelson/model";

import { type BoundPath, findBoundPaths } from "./bound-path.ts";
import type { NodeAllowance } from "./host-path.ts";
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
  observed: Pick<ObservedNode, "host" | "volumes">;
  record: Pick<RecordState, "applied">;
  /** What agent.yaml permits. */
  allow: NodeAllowance;
}

/** What this node says to all that the environment grants: it is permitted where both name it. */
export function judgeGrants({ instances, observed, record, allow }: JudgeInput): JudgedGrants {
  const wanting = instances.filter(wantsContainers);
  const { host, volumes } = observed;
  const bounds = host === undefined ? [] : findBoundPaths(wanting, { allow, host, volumes });
  const inUse: GrantInUse[] = [];
  const refused = new Map<string, RefusedGrant[]>();
  for (const instance of wanting) {
    const judged = instance.grants.map((ask) => judge({ instance, ask, bounds, allow, host }));
    const unnamed = judged.flatMap(({ ask, isNamed }) => (isNamed ? [] : [ask]));
    const faulty = judged.flatMap(({ ask: { service }, fault }) =>
      fault === null ? [] : [refuse(instance, { service, fault })],
    );
    const all = [...describeUnnamed(instance, unnamed), ...faulty];
    if (all.length > 0) refused.set(instance.name, all);
    const known = new Set((ownOf(record.applied?.grants, instance.name) ?? []).map(keyOf));
    const permitted = judged
      .filter(({ isNamed, fault }) => isNamed && fault === null)
      .map(({ ask, isRoot }) => ({
        ...withoutNames(ask),
        instance: instance.name,
        isNew: !known.has(keyOf(ask)),
        isRoot,
      }));
    // Nothing that is new comes to an instance that stays as it is.
    inUse.push(...permitted.filter(({ isNew }) => !isNew || all.length === 0));
  }
  return { refused, inUse: inUse.sort(compareGrants) };
}

interface JudgedAsk {
  ask: Ask;
  /** Whether agent.yaml says anything of it. */
  isNamed: boolean;
  /** Why it is not possible all the same. */
  fault: PathFault | null;
  isRoot: boolean;
}

function judge({
  instance,
  ask,
  bounds,
  allow,
  host,
}: Pick<JudgeInput, "allow"> & {
  instance: DesiredInstance;
  ask: Ask;
  bounds: readonly BoundPath[];
  host: ObservedHost | undefined;
}): JudgedAsk {
  const bound = bounds.find((each) => each.instance === instance && each.ask === ask);
  const isRoot = isRootEquivalent(ask);
  const isPath = ask.kind === "paths";
  // A name that the node does not have is no path; where nobody has looked, as for a review, it is not known which it has.
  const isNamed =
    !isPath || host === undefined
      ? isPermitted(ask, allow)
      : bound !== undefined && isPathNamed(bound, { allow, host });
  if (!isNamed || bound === undefined || host === undefined) return { ask, isNamed, fault: null, isRoot };
  const context = { bounds, allow, host };
  // Where a volume of somebody else leads is permitted with its name.
  const fault = (isPath ? findPathFault(bound, context) : null) ?? findNestingFault(bound, context);
  return { ask, isNamed, fault, isRoot: isRoot || isNested(bound, context) };
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
