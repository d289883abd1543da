import { type Notice, compareText, projectOf, resourceIds, ownOf } from "@keelson/model";

import {
  type FolderState,
  boundPath,
  findDropped,
  findFolderStates,
  judgeKept,
  resourceOf,
} from "./folder-state.ts";
import { namesOfHeld } from "./held-instance.ts";
import { findLeftFolders } from "./left-folder.ts";
import { findLeftVolumes, namesOfLeft } from "./left-volume.ts";
import { wantsContainers } from "./service-change.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** K3079: folders of data in agent.yaml for what is no instance here, such as a misspelt one. */
export function findMisplaced({
  desired,
  observed,
  record,
}: Pick<SimulatedNode, "desired" | "observed" | "record">): Notice[] {
  const known = new Set([
    ...desired.instances.map(({ name }) => name),
    ...namesOfHeld(desired),
    ...Object.keys(record.applied?.services ?? {}),
  ]);
  return (observed.placedInstances ?? [])
    .filter((name) => !known.has(name))
    .map((name) => ({
      resource: resourceIds.instance(name),
      code: "K3079",
      message: `agent.yaml names a data folder for instance ${name}, and this node is to have no such instance`,
    }));
}

/** Kept files that somebody has changed, and data folders that stay although nothing has them any more. */
export function findFolderNotices(node: SimulatedNode): Notice[] {
  const states = node.desired.instances.flatMap((instance) => findFolderStates(instance, node));
  const kept = states.filter(({ instance }) => wantsContainers(instance)).flatMap(findKeptNotices);
  return [...kept, ...findStayingFolders(states, node)].sort(
    (a, b) => compareText(a.resource, b.resource) || compareText(a.message, b.message),
  );
}

function findKeptNotices(state: FolderState): Notice[] {
  const { folder, found } = state;
  if (found === undefined || found.fault !== null) return [];
  const resource = resourceOf(state);
  const edited = folder.files
    .filter((file) => judgeKept(file, state) === "edited")
    .map(({ to, path }) => ({
      resource,
      code: "K3074",
      message: `${to} was ${ownOf(found.files, path) === undefined ? "removed" : "changed"} on the node, in ${found.path}; it is left as it is`,
    }));
  const staying = findDropped(state).staying.map((path) => ({
    resource,
    code: "K3075",
    message: `${boundPath(folder, path)} is not in Git any more, and was changed on the node: it stays, in ${found.path}`,
  }));
  return [...edited, ...staying];
}

function findStayingFolders(states: readonly FolderState[], node: SimulatedNode): Notice[] {
  const { desired, observed, record } = node;
  const wanted = new Set(states.flatMap(({ found }) => found?.path ?? []));
  const held = namesOfHeld(desired);
  const isThere = (path: string) =>
    observed.dataFolders?.some((each) => each.path === path && each.state !== "absent") === true;
  const projectFor = (name: string) =>
    desired.instances.find((each) => each.name === name)?.project ?? projectOf(desired.environment, name);
  const guarded = new Set([
    ...findLeftFolders(node).flatMap(({ left }) => left.map(([path]) => path)),
    ...findLeftVolumes(node).flatMap(namesOfLeft),
  ]);
  return Object.entries(record.folders ?? {})
    .filter(([, { state, instance }]) => state === "used" && !held.has(instance))
    .filter(([path]) => !wanted.has(path) && !guarded.has(path) && isThere(path))
    .map(([path, { instance, source, users }]) => ({
      resource: resourceIds.folder(projectFor(instance), source),
      code: "K3076",
      message: `${path} stays${users.length === 0 ? "" : `, with the data of ${users.toSorted(compareText).join(", ")},`} although nothing uses it any more; keelson audit --orphans tells how to remove it`,
    }));
}
