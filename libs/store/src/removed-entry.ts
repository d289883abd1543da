import { randomBytes } from "node:crypto";
import { renameSync, rmdirSync, unlinkSync } from "node:fs";

import { isSystemError } from "@keelson/model";

import { at, kindOf, openIfFolder, readEntries } from "./folder.ts";
import type { EntryKind, EntryName, Folder } from "./folder.ts";
import type { Pace } from "./pace.ts";

/**
 * Removes the entry of that name, a folder with all that it holds; links are removed and not followed. Returns whether the
 * entry is gone. A container decides how deep and wide a folder is, and may go on writing: the removal takes two
 * descriptors and no stack at any depth, and ends when the time of the pace is over.
 */
export async function removeEntry(
  parent: Folder,
  { name, pace }: { name: EntryName; pace: Pace },
): Promise<boolean> {
  for (;;) {
    const kind = kindOf(parent, name);
    if (kind === null) return true;
    if (unlink(parent, { name, kind })) return true;
    if (kind === "folder") {
      using folder = openIfFolder(parent, name);
      if (folder !== null) await clearFolder(folder, pace);
    }
    if (pace.isOver()) return false;
  }
}

/**
 * Empties the folder; what is left afterwards came meanwhile, or the time is over. It does not descend: folders inside a
 * folder are moved up beside it, so that it never works deeper than the second level.
 */
async function clearFolder(folder: Folder, pace: Pace): Promise<void> {
  for (const { name, kind } of readEntries(folder)) {
    if (unlink(folder, { name, kind })) {
      if (pace.isDue()) await pace.rest();
    } else {
      using inner = openIfFolder(folder, name);
      if (inner !== null) await raiseFolders(inner, { to: folder, pace });
      unlink(folder, { name, kind });
    }
    if (pace.isOver()) return;
  }
}

async function raiseFolders(folder: Folder, { to, pace }: { to: Folder; pace: Pace }): Promise<void> {
  for (const { name, kind } of readEntries(folder)) {
    if (!unlink(folder, { name, kind })) setAside({ folder, name }, to);
    if (pace.isDue()) await pace.rest();
    if (pace.isOver()) return;
  }
}

/** Renames an entry, whatever it holds, to a name where it is in nobody's way; returns that name. */
export function setAside(from: { folder: Folder; name: EntryName }, to: Folder = from.folder): string {
  // No container can have taken a name that it cannot guess.
  const name = `.aside-${randomBytes(8).toString("hex")}`;
  succeeds(() => renameSync(at(from.folder, from.name), at(to, name)), []);
  return name;
}

/** Whether it is gone; false for a folder that holds something, and for what has become another kind of thing. */
function unlink(parent: Folder, { name, kind }: { name: EntryName; kind: EntryKind }): boolean {
  const path = at(parent, name);
  return kind === "folder"
    ? succeeds(() => rmdirSync(path), ["ENOTEMPTY", "EEXIST", "ENOTDIR"])
    : succeeds(() => unlinkSync(path), ["EISDIR"]);
}

/** What is gone already is as good as removed. */
function succeeds(call: () => void, failures: readonly string[]): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return true;
    if (isSystemError(error, ...failures) && failures.length > 0) return false;
    throw error;
  }
}
