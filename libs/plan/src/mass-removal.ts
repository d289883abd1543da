import {
  type BlockedChange,
  type DesiredInstance,
  type ObservedContainer,
  type RecordState,
  type WaitLimits,
  compareText,
  properName,
  resourceIds,
} from "@keelson/model";

import { hasProcess } from "./container-state.ts";
import type { RestlessService } from "./restless.ts";
import type { ServiceChange } from "./service-action.ts";
import { type InstanceChange, wantsContainers } from "./service-change.ts";
import { partsOfVolume } from "./volume-use.ts";

export interface PlanPolicy {
  /** Permits one revision to take away more than half of what the node runs, two or more. */
  allowMassRemoval: boolean;
  /** How long the node waits for one service. */
  waits: WaitLimits;
  /** What has been started again and again and may not be started now; default nothing. */
  resting?: readonly RestlessService[];
}

/** One service by what it has and what is wanted of it, in places: replicas, whoever fills them. */
interface ServicePlaces {
  instance: string;
  name: string;
  /** Places that are filled, or are about to be filled again. */
  have: number;
  /** Places that are filled now and that nothing fills afterwards. */
  lost: number;
}

interface Share {
  what: string;
  lost: number;
  of: number;
}

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

/** Never seen here; what only lost its containers is not. */
function isUnknown(change: ServiceChange, { name, record }: { name: string; record: RecordState }): boolean {
  return isNew(change) && record.serviceParts[name] === undefined;
}

function isNew({ containers: { kept, extra } }: ServiceChange): boolean {
  return kept.length + extra.length === 0;
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

/** Of the services that have anything that counts, desired or not. What only gets another name fills the place that it had. */
function countServices({ changes, undesired, record }: MassRemovalInput): ServicePlaces[] {
  const left = Map.groupBy(undesired, serviceOf);
  const desired = changes.flatMap(({ instance, services }) =>
    [...services.values()].map((change) => {
      const { service, containers } = change;
      const name = `${instance.project}/${service.name}`;
      const former = `${findFormerProject(instance)}/${service.name}`;
      // Of what is to be installed only those that run are disturbed.
      const isFilled =
        instance.state === "installed"
          ? hasProcess
          : (each: ObservedContainer) => counts(each, service.oneShot);
      const filled = Math.max(
        countPlaces([...containers.kept, ...containers.extra].filter(isFilled)),
        countPlaces((left.get(former) ?? []).filter(isFilled)),
      );
      left.delete(former);
      // What is to be installed or staged does not run any more, as little as what is to be absent.
      const wanted = instance.state === "running" ? service.replicas : 0;
      // What is missing now is made again whatever is withheld: then, too, it must come to the same.
      const isHealed = !service.oneShot && !isUnknown(change, { name, record });
      const have = isHealed ? Math.max(filled, wanted) : filled;
      return { instance: instance.name, name, have, lost: Math.max(0, filled - wanted) };
    }),
  );
  const ended = record.applied?.oneShots;
  const gone = [...left].map(([name, containers]) => {
    // Of what was never applied, or by an earlier version, it is not known.
    const isOneShot = ended === undefined || ended.includes(name);
    const have = countPlaces(containers.filter((each) => counts(each, isOneShot)));
    return { instance: containers[0]?.instance ?? "", name, have, lost: have };
  });
  return [...desired, ...gone].filter(({ have }) => have > 0);
}

/** The project that an instance had under the name that it `was`: its volumes still have it. Null for any other. */
function findFormerProject({ project, volumes }: DesiredInstance): string | null {
  const projects = volumes.map(({ name }) => partsOfVolume(name).project);
  return projects.find((each) => each !== project) ?? null;
}

/** Two containers for one place are left by a replacement that was interrupted. */
function countPlaces(containers: readonly ObservedContainer[]): number {
  const names = containers.map(({ name }) => properName(name));
  return new Set(names).size;
}

/**
 * What runs, or should: it went down with a failure or the machine. One that was never started, and a one-shot that ended
 * with 0, do nothing that anybody would miss.
 */
function counts(container: ObservedContainer, isOneShot: boolean): boolean {
  if (hasProcess(container)) return true;
  return container.state !== "created" && !(isOneShot && container.exitCode === 0);
}

/** Each on its own: a node can lose most of its services with one large one left, and most of one large one. */
function findShares(services: readonly ServicePlaces[]): Share[] {
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const isGone = ({ have, lost }: ServicePlaces) => lost === have;
  const instances = [...Map.groupBy(services, ({ instance }) => instance).values()];
  return [
    {
      what: "containers",
      lost: sum(services.map(({ lost }) => lost)),
      of: sum(services.map(({ have }) => have)),
    },
    { what: "services", lost: services.filter(isGone).length, of: services.length },
    {
      what: "instances",
      lost: instances.filter((of) => of.every(isGone)).length,
      of: instances.length,
    },
  ];
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

function serviceOf({ project, service }: ObservedContainer): string {
  return `${project}/${service}`;
}
