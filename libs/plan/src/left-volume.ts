import type { DesiredInstance, DesiredService, DesiredVolume, KnownVolume } from "@keelson/model";

import { findOwn } from "./own-container.ts";
import { wantsContainers } from "./service-change.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { findKnownVolumes, findVolumeUse, partsOfVolume, volumesHere } from "./volume-use.ts";

/** Volumes that an instance would leave behind, by what it is to have instead. */
export interface LeftVolumes {
  instance: DesiredInstance;
  /** The volume that would be new and empty, or the service that would run without what it used. */
  instead: { volume: DesiredVolume } | { service: DesiredService };
  left: readonly [string, KnownVolume][];
}

type Uses = ReturnType<typeof findVolumeUse>;

/**
 * What would be left behind by what is new: a volume that is not there, or that is there since this round only, and a
 * service without a volume that it used. Of all instances, also of those that are to have no containers now: their next
 * state would find nothing left to compare with.
 */
export function findLeftVolumes(node: SimulatedNode): LeftVolumes[] {
  const { desired, observed, record } = node;
  const here = volumesHere(observed);
  const known = findKnownVolumes(node).filter(([, { state }]) => state !== "given-up");
  const declared = findVolumeUse(desired);
  // What an instance without containers is to have, it does not keep from being left behind.
  const uses = findVolumeUse({ instances: desired.instances.filter(wantsContainers) });
  const isNew = ({ name }: DesiredVolume) => {
    const state = record.volumes[name]?.state ?? "lost";
    return !here.has(name) || state === "lost";
  };
  return desired.instances.flatMap((instance) => {
    const asVolumes = instance.volumes.filter(isNew).map((volume) => ({
      instance,
      instead: { volume },
      left: known.filter((each) => isLeftFor(volume, { instance, declared, uses, known: each })),
    }));
    const missing = asVolumes.filter(({ instead }) => !here.has(instead.volume.name));
    const told = new Set(missing.flatMap(({ left }) => left.map(([name]) => name)));
    const gone = known.filter(([name]) => here.has(name) && !declared.has(name) && !told.has(name));
    const asServices = instance.services.map((service) => ({
      instance,
      instead: { service },
      left: gone.filter((each) => isDropped(each, { service, instance, node })),
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
    known: [other, { users, package: of, state }],
  }: { instance: DesiredInstance; declared: Uses; uses: Uses; known: [string, KnownVolume] },
): boolean {
  if (other === name) return false;
  const services = instance.services.filter(({ volumes }) => volumes.includes(name));
  const hasDropped = services.some(
    (service) =>
      !keeps(service, { instance, volume: other }) && users.includes(`${instance.name}/${service.name}`),
  );
  if (hasDropped) return true;
  if (uses.has(other)) return false;
  const isSameService = services.some((service) =>
    users.some((user) => splitUser(user).service === service.name),
  );
  // Also in two steps: an instance that was removed, and one of its package that comes later.
  const isSamePackage = of === `${instance.package.release}/${instance.package.name}`;
  if (isSamePackage) return isSameService || partsOfVolume(other).key === key;
  // Of another package it is the same only while it moves: many services have one name.
  return isSameService && state === "used" && !declared.has(other);
}

/** Whether a service is to run without a volume that it used. What runs without it already has let go of it. */
function isDropped(
  [name, { users }]: [string, KnownVolume],
  { service, instance, node }: { service: DesiredService; instance: DesiredInstance; node: SimulatedNode },
): boolean {
  if (service.replicas === 0 || keeps(service, { instance, volume: name })) return false;
  if (!users.includes(`${instance.name}/${service.name}`)) return false;
  const own = findOwn(node.observed, { project: instance.project, service: service.name });
  return own.length === 0 || own.some(({ volumes }) => volumes.includes(name));
}

/** Also what it has by `volumes_from`. */
function keeps(
  { volumes, sharesWith }: DesiredService,
  { instance, volume }: { instance: DesiredInstance; volume: string },
): boolean {
  const shared = instance.services.filter(({ name }) => sharesWith.includes(name));
  return volumes.includes(volume) || shared.some((service) => service.volumes.includes(volume));
}

/** The parts of a user, `<instance>/<service>`. */
export function splitUser(user: string): { instance: string; service: string } {
  const at = user.indexOf("/");
  return { instance: user.slice(0, at), service: user.slice(at + 1) };
}
