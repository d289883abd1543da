import {
  type BlockedChange,
  type DesiredInstance,
  type DesiredNode,
  type DesiredVolume,
  type KnownVolume,
  type RecordState,
  isForgotten,
  projectOf,
  resourceIds,
} from "@keelson/model";

import { wantsContainers } from "./service-change.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { findKnownVolumes, findVolumeUse, partsOfVolume } from "./volume-use.ts";

/** Where an empty volume would come in the place of a full one, and what waits for a person because of that. */
export interface VolumeLoss {
  /** Volumes that are not made, by resource id. */
  blocked: ReadonlyMap<string, BlockedChange>;
  /** Instances of which nothing is made: with their new volumes they would leave their data behind. */
  waiting: ReadonlySet<string>;
  /** Engine names of the volumes that would be left behind. */
  guarded: ReadonlySet<string>;
  /** Instances that used those: what they have goes on as it is. */
  staying: ReadonlySet<string>;
}

/** Finds lost volumes (K3032), and those that a revision would leave behind for an empty one (K3033). */
export function findVolumeLoss(node: SimulatedNode): VolumeLoss {
  const { desired, observed, record } = node;
  const there = new Set(observed.volumes.map(({ name }) => name));
  const known = findKnownVolumes(node);
  const uses = findVolumeUse(desired);
  const blocked: BlockedChange[] = [];
  const waiting = new Set<string>();
  const left = new Map<string, KnownVolume>();
  for (const instance of desired.instances) {
    if (!wantsContainers(instance) || isRenewed(instance, record)) continue;
    for (const volume of instance.volumes.filter(({ name }) => !there.has(name))) {
      const isUsed = uses.has(volume.name);
      if (record.volumes[volume.name] !== undefined && isUsed) {
        blocked.push(lostVolume(volume, { instance, desired }));
        continue;
      }
      const before = known.filter((each) => isLeftFor(volume, { instance, uses, known: each }));
      if (before.length === 0) continue;
      blocked.push(emptyVolume(volume, { instance, desired, before }));
      waiting.add(instance.name);
      for (const [name, of] of before) left.set(name, of);
    }
  }
  const users = [...left.values()].flatMap((of) => of.users);
  return {
    blocked: new Map(blocked.map((each) => [each.resource, each])),
    waiting,
    guarded: new Set(left.keys()),
    staying: new Set(users.map((user) => splitUser(user).instance)),
  };
}

/** Whether a person has moved the counter since it was followed last. Without a record it counts as followed. */
export function isRenewed({ name, renew = 0 }: DesiredInstance, record: RecordState): boolean {
  return renew > followedBefore({ name, renew }, record);
}

/** How far the counters are followed: to their end where all volumes are there that an instance wants. */
export function followRenewals({ desired, observed, record }: SimulatedNode): RecordState["renewed"] {
  const there = new Set(observed.volumes.map(({ name }) => name));
  const followed = desired.instances.map(({ name, renew = 0, volumes }): [string, number] => {
    const before = followedBefore({ name, renew }, record);
    const isWhole = volumes.every((volume) => there.has(volume.name));
    // A counter that was set back is followed at once: moved again, it says something again.
    return [name, isWhole ? renew : Math.min(before, renew)];
  });
  const told = followed.filter(([name, count]) => count > 0 || record.renewed[name] !== undefined);
  return { ...record.renewed, ...Object.fromEntries(told) };
}

function followedBefore({ name, renew }: { name: string; renew: number }, record: RecordState): number {
  return record.renewed[name] ?? (isForgotten(record) ? renew : 0);
}

interface LossContext {
  instance: DesiredInstance;
  desired: DesiredNode;
}

/** Whether a service that is to have the new volume used that other one, which it, or everybody, is to have no more. */
function isLeftFor(
  { name, key }: DesiredVolume,
  {
    instance,
    uses,
    known: [other, { users, package: of, isLeft }],
  }: {
    instance: DesiredInstance;
    uses: ReturnType<typeof findVolumeUse>;
    known: [string, KnownVolume];
  },
): boolean {
  const services = instance.services.filter(({ volumes }) => volumes.includes(name));
  const hasDropped = services.some(
    (service) => !service.volumes.includes(other) && users.includes(`${instance.name}/${service.name}`),
  );
  if (hasDropped && !isLeft) return true;
  if (uses.has(other)) return false;
  const isSameService = services.some((service) =>
    users.some((user) => splitUser(user).service === service.name),
  );
  if (isSameService && !isLeft) return true;
  // Also in two steps: an instance that was removed, and one of its package that comes later.
  const isSamePackage = of === `${instance.package.release}/${instance.package.name}`;
  return isSamePackage && partsOfVolume(other).key === key;
}

function splitUser(user: string): { instance: string; service: string } {
  const at = user.indexOf("/");
  return { instance: user.slice(0, at), service: user.slice(at + 1) };
}

function lostVolume({ name }: DesiredVolume, { instance, desired }: LossContext): BlockedChange {
  return {
    resource: resourceIds.volume(name),
    code: "K3032",
    message: `volume ${name} is gone, and this node knows that it had data; no empty one is made in its place`,
    hint: `Find out where it went, and have a copy of its data at hand. To begin with an empty one: ${renewal({ instance, desired })}`,
  };
}

function emptyVolume(
  volume: DesiredVolume,
  { instance, desired, before }: LossContext & { before: readonly [string, KnownVolume][] },
): BlockedChange {
  const names = before.map(([name]) => name);
  const users = [...new Set(before.flatMap(([, of]) => of.users))];
  const data = users.length === 0 ? "" : `, with the data of ${users.join(", ")},`;
  const ways = names.map((name) => wayBack(name, { volume, instance, desired })).join(", or ");
  return {
    resource: resourceIds.volume(volume.name),
    code: "K3033",
    message: `volume ${volume.name} would be new and empty, while ${names.join(" and ")}${data} ${names.length === 1 ? "is" : "are"} left behind`,
    hint: `To keep the data: ${ways}. To begin with an empty one: ${renewal({ instance, desired })}`,
  };
}

/** What makes a volume that is there the one that is wanted. */
function wayBack(
  name: string,
  { volume, instance, desired }: LossContext & { volume: DesiredVolume },
): string {
  const { project, key } = partsOfVolume(name);
  const isElsewhere = project !== partsOfVolume(volume.name).project;
  const origin = project.slice(projectOf(desired.environment, "").length);
  return [
    ...(isElsewhere ? [`\`was: ${origin}\` under instances.${instance.name} in environment.yaml`] : []),
    ...(key === volume.key ? [] : [`\`was: ${key}\` under data.${volume.key} in package.yaml`]),
  ].join(" and ");
}

function renewal({ instance, desired }: LossContext): string {
  return `keelson renew ${instance.name} --environment ${desired.environment} --node ${desired.node}`;
}
