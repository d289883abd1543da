import {
  type BlockedChange,
  type DesiredNode,
  type Notice,
  type ObservedContainer,
  type ObservedNode,
  type RecordState,
  compareText,
  resourceIds,
  ownOf,
} from "@keelson/model";

import { isDown } from "./cause.ts";
import { hasStopped } from "./container-state.ts";
import { namesOfHeld } from "./held-instance.ts";
import type { PlannedOperation } from "./operation-graph.ts";
import { ifPlanned, keys } from "./operation-key.ts";
import { type RestlessService, describeRest } from "./restless.ts";
import { findUndesired, hasEnded } from "./removal.ts";
import type { VolumeLoss } from "./volume-loss.ts";

/** Our containers that nothing desires any more, and that may not go now: they stay, and are kept up. */
export function findHeld(
  desired: DesiredNode,
  { observed, undesired }: { observed: ObservedNode; undesired: readonly ObservedContainer[] },
): ObservedContainer[] {
  return findUndesired(desired, observed).filter((each) => !undesired.includes(each));
}

interface HeldInput {
  held: readonly ObservedContainer[];
  observed: ObservedNode;
  record: RecordState;
  resting: readonly RestlessService[];
}

/** Starts what is down of it, as it is: what it would be made anew from is not known any more. */
export function planHeldStarts(input: HeldInput): PlannedOperation[] {
  const services = [...Map.groupBy(findDown(input), serviceOf)];
  return services
    .filter(([name]) => findRest(name, input.resting) === undefined)
    .flatMap(([name, [container]]): PlannedOperation[] => {
      if (container === undefined) return [];
      const { project, service, instance } = container;
      return [
        {
          key: keys.start(project, service),
          operation: {
            kind: "start-service",
            resource: resourceIds.service(project, service),
            instance,
            project,
            service,
            causes: [isDown(container)],
            class: "live",
          },
          after: (ownOf(input.record.applied?.dependsOn, name) ?? []).map((needed) =>
            ifPlanned(keys.start(project, needed)),
          ),
        },
      ];
    });
}

/** What of it waits for its next start. */
export function findHeldRests(input: HeldInput): BlockedChange[] {
  const down = new Map(findDown(input).map((each) => [serviceOf(each), each]));
  return [...down].flatMap(([name, { project, service }]) => {
    const rest = findRest(name, input.resting);
    return rest === undefined
      ? []
      : [{ resource: resourceIds.service(project, service), ...describeRest(rest) }];
  });
}

interface HeldInstances {
  desired: DesiredNode;
  observed: ObservedNode;
  record: RecordState;
  held: readonly ObservedContainer[];
  /** Instances that may be held ones under the name that they had. */
  former: ReadonlySet<string>;
  loss: VolumeLoss;
  keeping: ReadonlySet<string>;
  /** Containers that only wait for a job of their instance. */
  atWork: readonly ObservedContainer[];
}

/** Instances that would vanish from what is told of the node while they are there, or are to be. */
export function findHeldInstances(input: HeldInstances): Notice[] {
  const { former, loss, keeping, atWork } = input;
  const codeOf = (name: string) => {
    if (former.has(name)) return "K3050";
    if (loss.staying.has(name)) return "K3033";
    if (keeping.has(name)) return "K3036";
    return atWork.some(({ instance }) => instance === name) ? "K3046" : "K3030";
  };
  return listHeldNames(input).map((name) => ({
    resource: resourceIds.instance(name),
    code: "K1438",
    message: `instance ${name} is held as it is: no revision desires it any more, and its removal is blocked (${codeOf(name)})`,
  }));
}

/** Services of what is held whose containers somebody has removed; what was only installed runs nothing. */
export function findHeldGone(input: HeldInstances): BlockedChange[] {
  const { desired, observed, record } = input;
  const withProblems = namesOfHeld(desired);
  const { services = {}, installed = [] } = record.applied ?? {};
  const own = observed.containers.filter(({ ownership }) => ownership === "ours");
  const there = new Set(own.map(serviceOf));
  return [...listHeldNames(input), ...withProblems]
    .filter((name) => !installed.includes(name))
    .flatMap((name) => (ownOf(services, name) ?? []).map((service) => ({ name, service })))
    .filter(({ service }) => !there.has(service))
    .map(({ name, service }) => ({
      resource: `service:${service}`,
      code: "K3052",
      message: `${service} is held, and its container is gone`,
      hint: withProblems.has(name)
        ? "It is made anew once the problems are mended for which its instance is held."
        : "No revision says any more how to make it. Take back the commit that takes it away, or do what the error says that blocks its removal.",
      outcome: "stalled",
    }));
}

/** Those that are desired no more. One without containers is held where others wait for its data. */
export function listHeldNames({
  desired,
  record,
  held,
  loss,
}: Pick<HeldInstances, "desired" | "record" | "held" | "loss">): string[] {
  const wanted = new Set([...desired.instances.map(({ name }) => name), ...namesOfHeld(desired)]);
  const known = record.applied?.services ?? {};
  const staying = [...loss.staying].filter((name) => (ownOf(known, name) ?? []).length > 0);
  const names = new Set([...held.map(({ instance }) => instance), ...staying]);
  return [...names].filter((name) => !wanted.has(name)).sort(compareText);
}

/** The engine makes a volume that is gone anew, empty, when it starts what had it. */
function findDown({ held, observed, record }: HeldInput): ObservedContainer[] {
  const there = new Set(observed.volumes.map(({ name }) => name));
  const isWhole = ({ volumes }: ObservedContainer) =>
    volumes.every((name) => there.has(name) || ownOf(record.volumes, name) === undefined);
  const isToRun = ({ instance }: ObservedContainer) => record.applied?.installed?.includes(instance) !== true;
  const isStopped = (each: ObservedContainer) => hasStopped(each) && !hasEnded(each, record);
  return held.filter((each) => isStopped(each) && isToRun(each) && isWhole(each));
}

function findRest(name: string, resting: readonly RestlessService[]): RestlessService | undefined {
  return resting.find(
    ({ project, service, restsUntil }) => `${project}/${service}` === name && restsUntil !== null,
  );
}

function serviceOf({ project, service }: ObservedContainer): string {
  return `${project}/${service}`;
}
