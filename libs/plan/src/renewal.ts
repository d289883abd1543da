import { type DesiredInstance, type DesiredService, type RecordState, ownOf } from "@keelson/model";

import { withFolderData } from "./folder-data.ts";
import { findFolderStates, isAbsent, isOwnFile } from "./folder-state.ts";
import { findLeftVolumes, namesOfLeft } from "./left-volume.ts";
import { findOwn } from "./own-container.ts";
import { followedBefore, isRenewed } from "./renewed.ts";
import { wantsContainers } from "./service-change.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { findUnnamedLosses, findVolumeUse, splitUser, usersInEngine, volumesHere } from "./volume-use.ts";

/**
 * How far the counters are followed: to their end where all volumes are there that an instance wants, and it has let go of
 * what it leaves behind.
 */
export function followRenewals(plain: SimulatedNode): RecordState["renewed"] {
  const node = withFolderData(plain);
  const { desired, observed, record } = node;
  const here = volumesHere(observed);
  const uses = findVolumeUse(desired);
  const isHeld = (name: string) => !uses.has(name) && usersInEngine(name, observed).length > 0;
  const holding = findLeftVolumes(node)
    .filter((each) =>
      "volume" in each
        ? each.left.some(([name]) => isHeld(name))
        : each.left.some(({ name, how }) => isHeld(name) || isOpen(each, { node, isNew: how === "renamed" })),
    )
    .map(({ instance }) => instance.name);
  const followed = desired.instances.map((instance): [string, number] => {
    const { name, renew = 0, volumes } = instance;
    const before = followedBefore({ name, renew }, record);
    const isWhole =
      volumes.every((volume) => here.has(volume.name)) &&
      findFolderStates(instance, node).every((state) => isOwnFile(state) || !isAbsent(state)) &&
      !holding.includes(name);
    // A counter that was set back is followed at once: moved again, it says something again.
    return [name, isWhole ? renew : Math.min(before, renew)];
  });
  // A record after a loss takes a counter that it does not know for one that was followed.
  const isTold = ([name, count]: [string, number]) =>
    count > 0 || ownOf(record.renewed, name) !== undefined || record.loss !== undefined;
  const told = followed.filter(isTold);
  return { ...record.renewed, ...Object.fromEntries(told) };
}

/** Volumes without which a person lets their last users begin, by engine name. */
export function findGivenUp(node: SimulatedNode): Set<string> {
  const { desired, record } = node;
  if (!desired.instances.some((instance) => isRenewed(instance, record))) return new Set();
  const left = findLeftVolumes(node).filter(({ instance }) => isRenewed(instance, record));
  const renewed = new Set(
    desired.instances.filter((each) => isRenewed(each, record)).map(({ name }) => name),
  );
  const lost = findUnnamedLosses(node)
    .filter(([, { users }]) => users.some((user) => renewed.has(splitUser(user).instance)))
    .map(([name]) => name);
  return new Set([...left.flatMap(namesOfLeft), ...lost]);
}

/** Whether containers of a service still show what it leaves, or it is still to come up without that. */
function isOpen(
  { service, instance }: { service: DesiredService; instance: DesiredInstance },
  { node: { observed }, isNew }: { node: SimulatedNode; isNew: boolean },
): boolean {
  const isThere = findOwn(observed, { project: instance.project, service: service.name }).length > 0;
  const isWanted = wantsContainers(instance) && service.replicas > 0 && service.schedule === undefined;
  return isThere ? !isNew : isWanted;
}
