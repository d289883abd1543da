import type { DesiredInstance, KnownFolder, ObservedNode } from "@keelson/model";

import { type FolderState, findFolderStates, isAbsent, isOwnFile } from "./folder-state.ts";
import { namesOfHeld } from "./held-instance.ts";
import { wantsContainers } from "./service-change.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { splitUser } from "./volume-use.ts";

/** A data folder that would be new and empty, and those with the data that it is probably to have. */
export interface LeftFolder {
  instance: DesiredInstance;
  state: FolderState;
  /** By path. */
  left: [string, KnownFolder][];
}

/**
 * What would be left behind for a new, empty data folder: the instance has another name, its folder another one, or agent.yaml
 * names another place.
 */
export function findLeftFolders(node: SimulatedNode): LeftFolder[] {
  const { desired, observed, record } = node;
  const states = desired.instances.filter(wantsContainers).flatMap((each) => findFolderStates(each, node));
  const wanted = Map.groupBy(states, ({ found }) => found?.path ?? "");
  const held = namesOfHeld(desired);
  const known = Object.entries(record.folders ?? {}).filter(
    ([path, { state, instance }]) => !held.has(instance) && state !== "given-up" && isFilled(path, observed),
  );
  return states
    .filter((state) => isNew(state) && !isOwnFile(state))
    .map((state) => ({
      instance: state.instance,
      state,
      left: known.filter(([path, folder]) => {
        const others = wanted.get(path);
        if (others === undefined) return isLeftFor(state, folder);
        // What the instance keeps beside it is not left, but what another one is to have instead is.
        return others.every(({ instance }) => instance !== state.instance) && isDropped(state, folder);
      }),
    }))
    .filter(({ left }) => left.length > 0);
}

function isNew(state: FolderState): boolean {
  return state.known === undefined && (isAbsent(state) || state.found?.state === "empty");
}

function isFilled(path: string, { dataFolders = [] }: ObservedNode): boolean {
  return dataFolders.some((each) => each.path === path && (each.state === "filled" || each.state === "file"));
}

function isLeftFor({ instance, folder }: FolderState, other: KnownFolder): boolean {
  if (other.source === folder.source) {
    if (other.instance === instance.name || other.package === instance.package.reference) return true;
    // Many services have one name: of another package it is the same while it moves.
    const isSameService = other.users.some((user) => folder.services.includes(splitUser(user).service));
    return isSameService && other.state === "used";
  }
  return isDropped({ instance, folder }, other);
}

/** Whether a service that is to have the new folder has had the other one until now. */
function isDropped(
  { instance, folder }: Pick<FolderState, "instance" | "folder">,
  other: KnownFolder,
): boolean {
  const services = folder.services.map((service) => `${instance.name}/${service}`);
  return other.state === "used" && other.users.some((user) => services.includes(user));
}
