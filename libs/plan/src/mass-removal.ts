import {
  type BlockedChange,
  type DesiredInstance,
  type ObservedContainer,
  type RecordState,
  compareText,
  resourceIds,
} from "@keelson/model";

import { hasProcess } from "./container-state.ts";
import type { PlanPolicy } from "./plan-policy.ts";
import type { ServiceChange } from "./service-action.ts";
import { type InstanceChange, wantsContainers } from "./service-change.ts";
import {
  type ServicePlaces,
  type Share,
  countPlaces,
  countServices,
  findShares,
  isNew,
  isUnknown,
} from "./service-places.ts";

export interface MassRemoval {
  /** Without what would take away too much. */
  changes: readonly InstanceChange[];
  /** Undesired containers that may go. */
  removable: readonly ObservedContainer[];
  blocked: BlockedChange[];
  /** Names of instances of which nothing is there yet, and nothing may be made now. */
  waiting: ReadonlySet<string>;
}

interface MassRemovalInput {
  changes: readonly InstanceChange[];
  undesired: readonly ObservedContainer[];
  record: RecordState;
  policy: PlanPolicy;
}

/**
 * A revision that suddenly wants far less is more likely a mistake than a wish. What it would take away is taken back:
 * undesired containers stay, and changes that would leave fewer containers are withheld. So is what was never there: it
 * may be the same under another name, and once it ran beside the old, half of all would be none too many. Everything else
 * goes on.
 */
export function blockMassRemoval(input: MassRemovalInput): MassRemoval {
  const { changes, undesired, record, policy } = input;
  const services = countServices(input);
  const share = findShares(services).find(({ lost, of }) => lost >= 2 && lost * 2 > of);
  if (policy.allowMassRemoval || share === undefined)
    return { changes, removable: undesired, blocked: [], waiting: new Set() };
  const kept = changes.map((change) => ({
    ...change,
    services: new Map([...change.services].map(([name, each]) => [name, withheld(each, { change, record })])),
  }));
  const news = changes.flatMap((change) =>
    [...change.services.values()]
      .filter((service) => isNews(service, { change, record }))
      .map(({ service }) => `${change.instance.project}/${service.name}`),
  );
  // Ended one-shots stay, too: when the revision is taken back they must not run again.
  return {
    changes: kept,
    removable: [],
    blocked: [...describeBlocked(services, share), ...news.map(describeNew)],
    waiting: new Set(kept.filter(isWaiting).map(({ instance }) => instance.name)),
  };
}

interface ServicePlace {
  change: InstanceChange;
  record: RecordState;
}

function withheld(service: ServiceChange, place: ServicePlace): ServiceChange {
  if (takesAway(service, place.change.instance)) return keepContainers(service);
  return isNews(service, place) ? { ...service, action: "none", causes: [], isBlocked: true } : service;
}

/** What would be made, and was never there. */
function isNews(service: ServiceChange, { change, record }: ServicePlace): boolean {
  const name = `${change.instance.project}/${service.service.name}`;
  return service.action === "create" && isUnknown(service, { name, record });
}

function isWaiting({ services }: InstanceChange): boolean {
  const all = [...services.values()];
  return all.length > 0 && all.every((change) => change.isBlocked && isNew(change));
}

/** Also what does not count: with the others it is taken back, too. */
function takesAway({ action, service, containers }: ServiceChange, instance: DesiredInstance): boolean {
  if (action === "remove" || action === "stop") return true;
  const all = [...containers.kept, ...containers.extra];
  const wanted = wantsContainers(instance) ? service.replicas : 0;
  const isStopped = instance.state === "installed" && all.some(hasProcess);
  return isStopped || countPlaces(all) > wanted;
}

/** It can still be started again as it is; to be made anew, Compose would take away what is too much. */
function keepContainers(change: ServiceChange): ServiceChange {
  const { action, containers } = change;
  const all = { ...containers, kept: [...containers.kept, ...containers.extra], extra: [] };
  if (action === "start" || action === "restart" || action === "none") return { ...change, containers: all };
  return {
    ...change,
    containers: all,
    action: "none",
    causes: [],
    force: false,
    isMoved: false,
    isBlocked: true,
  };
}

const shownServices = 5;

/** An entry for each instance that would lose something. */
function describeBlocked(services: readonly ServicePlaces[], { what, lost, of }: Share): BlockedChange[] {
  const losing = services.filter((service) => service.lost > 0);
  const byInstance = [...Map.groupBy(losing, ({ instance }) => instance)];
  return byInstance
    .sort(([a], [b]) => compareText(a, b))
    .map(([instance, ofInstance]) => {
      const names = ofInstance.map(({ name }) => name).sort(compareText);
      const rest = names.length > shownServices ? [`${names.length - shownServices} more`] : [];
      const shown = [...names.slice(0, shownServices), ...rest].join(", ");
      return {
        resource: resourceIds.instance(instance),
        code: "K3030",
        message: `this revision would take away ${lost} of the ${of} ${what} that this node runs, ${shown} among them`,
        hint: "If that is meant, set policy.allowMassRemoval: true in environment.yaml, in the same commit or after it.",
      };
    });
}

function describeNew(name: string): BlockedChange {
  return {
    resource: `service:${name}`,
    code: "K3023",
    message: `${name} is new, and waits for what this revision would take away, which is blocked`,
    hint: "It follows by itself once that is solved.",
  };
}
