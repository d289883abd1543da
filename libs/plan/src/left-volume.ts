import {
  type DesiredInstance,
  type DesiredService,
  type DesiredVolume,
  type KnownVolume,
  ownOf,
} from "@keelson/model";

import { type LeftData, findLeftByService, keeps } from "./left-service.ts";
import { isFolder, withFolderData } from "./folder-data.ts";
import { type LeftFolder, findLeftFolders } from "./left-folder.ts";
import { namesOfHeld } from "./held-instance.ts";
import { wantsContainers } from "./service-change.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import {
  findKnownVolumes,
  findVolumeUse,
  isGone,
  isUsedBy,
  partsOfVolume,
  splitUser,
  volumesHere,
} from "./volume-use.ts";

/** What an instance would leave behind, by what it is to have instead. */
export type LeftVolumes = { instance: DesiredInstance } & (
  | { volume: DesiredVolume; left: readonly [string, KnownVolume][] }
  | { service: DesiredService; left: readonly LeftData[] }
);

type Uses = ReturnType<typeof findVolumeUse>;

/**
 * What would be left behind by what is new: a volume that is not there, or that is there since this round only, and a
 * service without what it used, or without it where it had it. Of all instances, also of those that are to have no containers now: their next
 * state would find nothing left to compare with.
 */
export function findLeftVolumes(plain: SimulatedNode): LeftVolumes[] {
  const node = withFolderData(plain);
  const newFolders = findLeftFolders(plain);
  const { desired, observed, record } = node;
  const here = volumesHere(observed);
  const held = namesOfHeld(desired);
  const known = findKnownVolumes(node).filter(
    ([, volume]) => volume.state !== "given-up" && !isUsedBy(held, volume),
  );
  const declared = findVolumeUse(desired);
  // What an instance without containers is to have, it does not keep from being left behind.
  const uses = findVolumeUse({ instances: desired.instances.filter(wantsContainers) });
  const isNew = ({ name }: DesiredVolume) => {
    const state = ownOf(record.volumes, name)?.state ?? "lost";
    return !here.has(name) || state === "lost";
  };
  const isMissed = ({ name }: DesiredVolume) => {
    const before = ownOf(record.volumes, name);
    return before !== undefined && (declared.has(name) || before.users.length > 0);
  };
  return desired.instances.flatMap((instance) => {
    const asVolumes = instance.volumes.filter(isNew).map((volume) => ({
      instance,
      volume,
      left: known.filter((each) => isLeftFor(volume, { instance, declared, uses, known: each })),
    }));
    // What is blocked because it is lost says nothing of what would be left for it.
    const made = asVolumes.filter(({ volume }) => !here.has(volume.name) && !isMissed(volume));
    const toldBy = (volumes: typeof made) =>
      new Set(volumes.flatMap(({ left }) => left.map(([name]) => name)));
    const folders = newFolders.filter((each) => each.instance.name === instance.name);
    const asServices = instance.services.map((service) => ({
      instance,
      service,
      left: findLeftByService({
        service,
        instance,
        node,
        known: known.filter(([name]) => here.has(name) || isGone(name, observed)),
        told: {
          ofService: new Set([
            ...toldBy(made.filter(({ volume }) => service.volumes.includes(volume.name))),
            ...toldByFolders(folders.filter(({ state }) => state.folder.services.includes(service.name))),
          ]),
          ofInstance: new Set([...toldBy(made), ...toldByFolders(folders)]),
        },
      }),
    }));
    return [...asVolumes, ...asServices].filter(({ left }) => left.length > 0);
  });
}

/** Whether a service that is to have the new volume used that other one, which it, or everybody, is to have no more. */
function isLeftFor(
  { name, key }: DesiredVolume,
  {
    instance,
    declared,
    uses,
    known: [other, { users, package: of, state, places }],
  }: { instance: DesiredInstance; declared: Uses; uses: Uses; known: [string, KnownVolume] },
): boolean {
  if (other === name) return false;
  const services = instance.services.filter(({ volumes }) => volumes.includes(name));
  const hasDropped = services.some(
    (service) => !keeps(service, other) && users.includes(`${instance.name}/${service.name}`),
  );
  if (hasDropped) return true;
  if (uses.has(other)) return false;
  const isSameService = services.some((service) =>
    users.some((user) => splitUser(user).service === service.name),
  );
  // Also in two steps: an instance that was removed, and one of its package that comes later.
  const isSamePackage = of === instance.package.reference;
  if (isSamePackage) return isSameService || (!isFolder(other) && partsOfVolume(other).key === key);
  // Many services have one name: of another package it is the same while it moves, or where it looks at the same path.
  return (
    isSameService && !declared.has(other) && (state === "used" || isSamePath(name, { services, places }))
  );
}

/** Whether one of these services is to have the volume where one of that name had the other; without a record it may be. */
function isSamePath(
  volume: string,
  { services, places }: { services: readonly DesiredService[]; places: KnownVolume["places"] },
): boolean {
  if (places === undefined) return true;
  return services.some((service) => {
    const toBe = service.places.filter((place) => place.volume === volume);
    const had = Object.entries(places).filter(([user]) => splitUser(user).service === service.name);
    return had.some(([, all]) => all.some(({ path }) => toBe.some((place) => place.path === path)));
  });
}

function toldByFolders(folders: readonly LeftFolder[]): string[] {
  return folders.flatMap(({ left }) => left.map(([path]) => path));
}

/** Engine names, and paths of data folders. */
export function namesOfLeft(each: LeftVolumes): string[] {
  return "volume" in each ? each.left.map(([name]) => name) : each.left.map(({ name }) => name);
}

/** `<instance>/<service>` */
export function usersOfLeft(each: LeftVolumes): string[] {
  return "volume" in each
    ? each.left.flatMap(([, { users }]) => users)
    : each.left.flatMap(({ users }) => users);
}
