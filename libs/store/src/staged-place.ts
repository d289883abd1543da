import { join, resolve } from "node:path";

import { readEntryName } from "@keelson/model";

import {
  type Folder,
  kindOf,
  makeFolder,
  makeStateFolder,
  openFolder,
  openIfFolder,
  openStateFolder,
  syncFolder,
} from "./folder.ts";
import { newPace } from "./pace.ts";
import { removeEntry } from "./removed-entry.ts";
import { makeRemovable } from "./staged-tree.ts";
import { refusedPath, removalMs, unfinishedRemoval } from "./store-error.ts";

const storeName = "store";

/** Where an entry of the store is, absolute. Throws K4006 for a name that is none. */
export function stagedPathOf(stateDir: string, entry: string): string {
  return join(resolve(stateDir), storeName, requireEntryName(entry));
}

/** The name itself. Throws K4006 for one that no release has, which could lead elsewhere. */
export function requireEntryName(entry: string): string {
  if (readEntryName(entry) === null) throw refusedPath(entry, "it is no entry of the store");
  return entry;
}

/** The open store, or null when there is none yet. */
export function openStore(stateDir: string): Folder | null {
  using state = openStateFolder(stateDir);
  return state === null ? null : openFolder(state, storeName);
}

/** The open store, made when it is missing. */
export function makeStore(stateDir: string): Folder {
  using state = makeStateFolder(stateDir);
  return makeFolder(state, { name: storeName, mode: 0o700, replaces: "nothing" });
}

/** Removes what has this name in the store, whatever it is. Throws K4024 when that takes too long. */
export async function removeStaged(store: Folder, name: string): Promise<void> {
  if (kindOf(store, name) === null) return;
  {
    using folder = openIfFolder(store, name);
    if (folder !== null) makeRemovable(folder);
  }
  if (!(await removeEntry(store, { name, pace: newPace(removalMs) })))
    throw unfinishedRemoval(join(store.path, name));
  syncFolder(store);
}
