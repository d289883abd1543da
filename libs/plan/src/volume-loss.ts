import { type BlockedChange, type DesiredInstance, type DesiredVolume, ownOf } from "@keelson/model";

import { type LeftVolumes, findLeftVolumes, namesOfLeft, usersOfLeft } from "./left-volume.ts";
import { findLeftFolders } from "./left-folder.ts";
import { withFolderData } from "./folder-data.ts";
import { isRenewed } from "./renewed.ts";
import { wantsContainers } from "./service-change.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { emptyPlace, lostVolume } from "./volume-loss-text.ts";
import { findVolumeUse, splitUser, volumesHere } from "./volume-use.ts";

/** Where an empty volume would come in the place of a full one, and what waits for a person because of that. */
export interface VolumeLoss {
  /** By resource id, volumes that are not made, and services that are not made anew. */
  blocked: ReadonlyMap<string, BlockedChange>;
  /** Instances of which nothing is made: as they are to be they would leave their data behind. */
  waiting: ReadonlySet<string>;
  /** Engine names of the volumes that would be left behind, and paths of data folders. */
  guarded: ReadonlySet<string>;
  /** Instances that used those, or have the data of a folder that would be new: what they have goes on as it is. */
  staying: ReadonlySet<string>;
}

/** Finds lost volumes (K3032), and those that a revision would leave behind for an empty one (K3033). */
export function findVolumeLoss(plain: SimulatedNode): VolumeLoss {
  const node = withFolderData(plain);
  const { desired, observed, record } = node;
  const here = volumesHere(observed);
  const missing = desired.instances
    .filter((instance) => wantsContainers(instance) && !isRenewed(instance, record))
    .flatMap((instance) => findLost(instance, node).map((volume) => ({ instance, volume })));
  const lost = new Set(missing.map(({ volume }) => volume.name));
  const left = findLeftVolumes(node).filter(
    (each) =>
      !isRenewed(each.instance, record) &&
      !("volume" in each && (here.has(each.volume.name) || lost.has(each.volume.name))),
  );
  const waiting = left.filter((each) => wantsContainers(each.instance) && mayRun(each));
  const blocked = [
    ...missing.map(({ instance, volume }) => lostVolume(volume, { instance, desired })),
    ...waiting.map((each) => emptyPlace(each, node)),
  ];
  const users = waiting.flatMap(usersOfLeft);
  const folders = findLeftFolders(plain).filter(({ instance }) => !isRenewed(instance, record));
  const owners = folders.flatMap((each) => each.left.map(([, { instance }]) => instance));
  return {
    blocked: new Map(blocked.map((each) => [each.resource, each])),
    waiting: new Set(waiting.map(({ instance }) => instance.name)),
    guarded: new Set(left.flatMap(namesOfLeft)),
    staying: new Set([...users.map((user) => splitUser(user).instance), ...owners]),
  };
}

/** Whether containers would come that find something missing. What is to have none is asked when that changes. */
function mayRun(left: LeftVolumes): boolean {
  return "volume" in left || left.service.replicas > 0 || left.service.schedule !== undefined;
}

/** What is gone and has had a user. What never had one holds nothing that anybody could miss. */
function findLost(instance: DesiredInstance, { desired, observed, record }: SimulatedNode): DesiredVolume[] {
  const uses = findVolumeUse(desired);
  return instance.volumes.filter(({ name }) => {
    const known = ownOf(record.volumes, name);
    if (known === undefined || observed.volumes.some((volume) => volume.name === name)) return false;
    return uses.has(name) || known.users.length > 0;
  });
}

/** Gone, and not only new. */
export function isLost({ code }: BlockedChange): boolean {
  return code === "K3032";
}
