import {
  type DesiredInstance,
  type DesiredService,
  type KnownVolume,
  type VolumePlace,
  wasLost,
  isInSync,
} from "@keelson/model";

import { findUnkeptOf } from "./anonymous-volume.ts";
import { isFolder, keyOf } from "./folder-data.ts";
import { findOwn } from "./own-container.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import {
  findCoveredPaths,
  findMissingPaths,
  placesInContainers,
  placesOfService,
  placesOfVolume,
} from "./volume-place.ts";
import { findVolumeUse, isGone, splitUser } from "./volume-use.ts";

/**
 * `dropped`: the service is to have it no more; `gone`: nor has the node. `renamed`: the service is new, and may be one that used
 * it. `moved`: it is to have it elsewhere. `covered`: something empty is to lie over a part of it. `replaced`: something else is to lie in its place.
 */
export type HowLeft = "dropped" | "gone" | "renamed" | "moved" | "covered" | "replaced";

/** Data that a service would not find any more. */
export interface LeftData {
  /** Engine name of the volume, or path of the data folder. */
  name: string;
  how: HowLeft;
  /** What the Compose file calls it. */
  key: string;
  /** The services that used it. */
  users: readonly string[];
  /** Where it is found no more, in the container; empty where that is no matter. */
  paths: readonly string[];
}

interface LeavingContext {
  service: DesiredService;
  instance: DesiredInstance;
  node: SimulatedNode;
  known: readonly [string, KnownVolume][];
  /** Names of those of which a new volume tells that they are left behind, one of the service or of its instance. */
  told: { ofService: ReadonlySet<string>; ofInstance: ReadonlySet<string> };
}

/** What a service would leave behind, whatever it is to have instead. */
export function findLeftByService(context: LeavingContext): LeftData[] {
  const { known, told, node } = context;
  const { observed } = node;
  const volumes = known.flatMap((each) => {
    const [name] = each;
    const isTold = told.ofService.has(name);
    return [
      ...(!isTold && isDropped(each, context)
        ? [leftData(each, { how: isGone(name, observed) ? "gone" : "dropped", node })]
        : []),
      ...(!told.ofInstance.has(name) && isRenamed(each, context)
        ? [leftData(each, { how: "renamed", node })]
        : []),
      ...(isTold ? [] : findElsewhere(each, context)),
    ];
  });
  return [...volumes, ...findReplaced(context)];
}

function leftData(
  [name, { users }]: [string, KnownVolume],
  { how, paths = [], node }: { how: HowLeft; paths?: string[]; node: SimulatedNode },
): LeftData {
  return { name, how, key: keyOf(name, node.record), users, paths };
}

/** Whether a service is to run without a volume that it used. What runs without it already has let go of it. */
function isDropped(known: [string, KnownVolume], { service, instance, node }: LeavingContext): boolean {
  const [name, { users }] = known;
  if (keeps(service, name) || !users.includes(userOf({ service, instance }))) return false;
  const own = findOwn(node.observed, { project: instance.project, service: service.name });
  if (own.length > 0 && !own.some(({ volumes }) => volumes.includes(name))) return false;
  if (!findVolumeUse(node.desired).has(name)) return true;
  // With `was` somebody has said that it goes to another instance.
  const isHandedOver = isFolder(name)
    ? !instance.services.some((each) => keeps(each, name))
    : !instance.volumes.some((volume) => volume.name === name);
  return !isHandedOver && !isReader(known, { service, instance, node });
}

/** What a service has only ever read, while others go on using it, is their data. */
function isReader(
  known: [string, KnownVolume],
  context: Pick<LeavingContext, "service" | "instance" | "node">,
): boolean {
  const had = [...findHad(known, context), ...(known[1].places?.[userOf(context)] ?? [])];
  return had.length > 0 && had.every(({ readOnly }) => readOnly);
}

/**
 * Whether a service is new in the round in which those that wrote a volume go, or one of those at
 * whose path it has something else: it may be one of them under another name, but for what is a job by its schedule, or because somebody waits for its end.
 */
function isRenamed([name, known]: [string, KnownVolume], context: LeavingContext): boolean {
  const { service, instance, node } = context;
  if (service.endAwaited || service.schedule !== undefined) return false;
  if (known.state !== "used" || keeps(service, name)) return false;
  const services = node.desired.instances.flatMap((each) =>
    each.services.map((other) => ({
      user: userOf({ service: other, instance: each }),
      places: other.places,
    })),
  );
  const desired = new Set(services.map(({ user }) => user));
  const having = services.flatMap(({ places }) => places.filter(({ volume }) => volume === name));
  const gone = known.users.filter((user) => !desired.has(user));
  const hasWriter = having.some(({ readOnly }) => !readOnly);
  const onlyRead = (user: string) => known.places?.[user]?.every(({ readOnly }) => readOnly) === true;
  const isInPlace = (user: string) =>
    known.places?.[user]?.some(({ path }) =>
      placesOfService(service, node.observed).some((place) => place.path === path),
    ) === true;
  const ended = hasWriter ? gone.filter(isInPlace) : gone;
  if (having.length > 0 && ended.every(onlyRead)) return false;
  const isSamePackage = known.package === instance.package.reference;
  return ended.some((user) => isSamePackage || splitUser(user).instance === instance.name) && isNew(context);
}

/** Whether this node has not had a service, as far as it remembers; what it lost with its record shows by its containers. */
function isNew({ service, instance: { project }, node: { observed, record } }: LeavingContext): boolean {
  if (record.serviceParts[`${project}/${service.name}`] !== undefined) return false;
  const made = Object.values(record.containers);
  if (made.some((each) => each.project === project && each.service === service.name)) return false;
  return !wasLost(record) || findOwn(observed, { project, service: service.name }).length === 0;
}

/** Of a volume that a service keeps, what it would not find where it had it. */
function findElsewhere(known: [string, KnownVolume], context: LeavingContext): LeftData[] {
  const { service, node } = context;
  const [name] = known;
  if (isGone(name, node.observed) || !keeps(service, name)) return [];
  const toBe = placesOfVolume(placesOfService(service, node.observed), name);
  const had = findHad(known, context);
  const missing = findMissingPaths(had, toBe);
  const covered = findCoveredPaths(had, toBe);
  return [
    ...(missing.length === 0 ? [] : [leftData(known, { how: "moved", paths: missing, node })]),
    ...(covered.length === 0 ? [] : [leftData(known, { how: "covered", paths: covered, node })]),
  ];
}

/** Where a service has a volume in what would be made anew, or had it last. */
function findHad(
  [name, { places = {} }]: [string, KnownVolume],
  { service, instance, node }: Pick<LeavingContext, "service" | "instance" | "node">,
): readonly VolumePlace[] {
  const own = findOwn(node.observed, { project: instance.project, service: service.name }).filter(
    ({ state }) => state !== "created" || instance.state === "installed",
  );
  if (own.length === 0) return places[userOf({ service, instance })] ?? [];
  const containers = own.filter((each) => !isInSync(each, service));
  return placesInContainers(name, { containers, service, observed: node.observed });
}

function findReplaced({ service, instance, node: { observed } }: LeavingContext): LeftData[] {
  const users = [userOf({ service, instance })];
  const own = findOwn(observed, { project: instance.project, service: service.name });
  return findUnkeptOf(own, { service, observed }).map(({ volume, path }) => ({
    name: volume,
    how: "replaced",
    key: "",
    users,
    paths: [path],
  }));
}

/** Whether a service is to have a volume, also by `volumes_from`. */
export function keeps({ places }: DesiredService, volume: string): boolean {
  return places.some((place) => place.volume === volume);
}

function userOf({ service, instance }: { service: DesiredService; instance: DesiredInstance }): string {
  return `${instance.name}/${service.name}`;
}
