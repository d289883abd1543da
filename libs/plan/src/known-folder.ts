import { type KnownFolder, type PlacedLast, compareText, ownOf } from "@keelson/model";

import { type FolderState, findDropped, findFolderStates, isAbsent, judgeKept } from "./folder-state.ts";
import { namesOfHeld } from "./held-instance.ts";
import { findLeftFolders } from "./left-folder.ts";
import { findLeftVolumes, namesOfLeft } from "./left-volume.ts";
import { isRenewed } from "./renewed.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/**
 * What is remembered of data folders, by path, before a round does anything and after it: who has run with them, whether
 * anything was in them, and which files Keelson has placed there.
 */
export function rememberFolders(node: SimulatedNode): Record<string, KnownFolder> {
  const { desired, observed, record } = node;
  const held = namesOfHeld(desired);
  const states = desired.instances.flatMap((instance) => findFolderStates(instance, node));
  const wanted = states.flatMap((state): [string, KnownFolder][] => {
    const folder = rememberFolder(state, node);
    return folder === null || state.found === undefined ? [] : [[state.found.path, folder]];
  });
  const names = new Set(states.flatMap(({ found }) => found?.path ?? []));
  const isGone = (path: string) =>
    observed.dataFolders?.some((each) => each.path === path && each.state === "absent") === true;
  const left = [
    ...findLeftFolders(node).map(({ instance, left: folders }) => ({
      instance,
      paths: folders.map(([path]) => path),
    })),
    ...findLeftVolumes(node).map((each) => ({ instance: each.instance, paths: namesOfLeft(each) })),
  ].flatMap(({ instance, paths }) => paths.map((path) => ({ path, isGivenUp: isRenewed(instance, record) })));
  // One that went while nothing had it was removed by a person.
  const others = Object.entries(record.folders ?? {})
    .filter(([path, { state }]) => !names.has(path) && (state === "used" || !isGone(path)))
    .map(([path, known]): [string, KnownFolder] => {
      // What an instance that is held is to have is not known now: what it has, it has.
      if (held.has(known.instance)) return [path, known];
      const waiting = left.filter((each) => each.path === path);
      if (known.state === "given-up" || waiting.some(({ isGivenUp }) => isGivenUp))
        return [path, { ...known, state: "given-up" }];
      // While a person is asked about it, it is as before.
      return [path, waiting.length > 0 ? known : { ...known, state: "unused" }];
    });
  return Object.fromEntries([...wanted, ...others].sort(([a], [b]) => compareText(a, b)));
}

/** Null for one that was never there, and for one without which a person lets its users begin. */
function rememberFolder(state: FolderState, node: SimulatedNode): KnownFolder | null {
  const { instance, folder, found, known } = state;
  if (found === undefined || found.fault !== null) return known ?? null;
  if (isAbsent(state) && (state.isAnew || known === undefined)) return null;
  const before = state.isAnew ? undefined : known;
  // Whoever has a container without it was let begin without it.
  const others = node.observed.containers.filter(
    ({ ownership, binds }) => ownership === "ours" && !binds.includes(found.path),
  );
  const letGo = new Set(others.map((each) => `${each.instance}/${each.service}`));
  const holding = (before?.users ?? []).filter((user) => !letGo.has(user));
  return {
    instance: instance.name,
    source: folder.source,
    package: instance.package.reference,
    users: [...new Set([...holding, ...usersSeen(state, node)])].sort(compareText),
    wasFilled: before?.wasFilled === true || found.state === "filled" || found.state === "file",
    state: "used",
    placed: placedIn({ ...state, known: before }),
  };
}

/** Services that may have put something there; runs of a schedule, and a person before the first start, leave no container. */
export function usersSeen(state: FolderState, { observed }: Pick<SimulatedNode, "observed">): string[] {
  const { instance, folder, found } = state;
  const { name } = instance;
  const running = observed.containers
    .filter((each) => each.ownership === "ours" && each.state !== "created" && each.instance === name)
    .filter(({ binds }) => found !== undefined && binds.includes(found.path));
  const unseen = instance.services.filter(
    (each) =>
      !isAbsent(state) &&
      folder.services.includes(each.name) &&
      (instance.state === "installed" || each.schedule !== undefined),
  );
  return [...running.map(({ service }) => service), ...unseen.map((each) => each.name)].map(
    (service) => `${name}/${service}`,
  );
}

function placedIn(state: FolderState): Record<string, PlacedLast> {
  const before = state.known?.placed ?? {};
  const kept = state.folder.files.flatMap((file): [string, PlacedLast][] => {
    const isThere = ownOf(state.found?.files, file.path)?.contentDigest === file.contentDigest;
    const isRight = isThere && judgeKept(file, state) === "right";
    const last = isRight ? { content: file.contentDigest, whole: file.digest } : ownOf(before, file.path);
    return last === undefined ? [] : [[file.path, last]];
  });
  // What could not be removed is tried again; what a person has changed is forgotten.
  return Object.fromEntries([...kept, ...findDropped(state).removed].sort(([a], [b]) => compareText(a, b)));
}
