import { linkSync, renameSync } from "node:fs";

import { isSystemError } from "@keelson/model";

import { findMissing, makeFolders } from "./file-tree.ts";
import type { FileTree } from "./file-tree.ts";
import { at, kindOf, openFolder, pathOf, readEntries, syncFolder } from "./folder.ts";
import type { Folder } from "./folder.ts";
import type { Pace } from "./pace.ts";
import { writeNewFile } from "./placed-file.ts";
import type { WantedFile } from "./placed-file.ts";
import { removeEntry, setAside } from "./removed-entry.ts";
import type { Staging } from "./staging.ts";
import { exchangedEntry } from "./store-error.ts";

export interface PlainInput {
  tree: FileTree;
  staging: Staging;
  /** Whether everything else goes: yes for a bound folder, no for the folder in which a bound file lies. */
  removesOthers: boolean;
  /** Bounds the removal. The files are in place before it, and the next round sees what it has not reached. */
  pace: Pace;
}

/**
 * The layouts `content` and `live`: each file that is not right is replaced by a rename. All are written and synced
 * before the first is renamed, so that a full disk changes nothing.
 */
export async function placePlain(folder: Folder, input: PlainInput): Promise<void> {
  const drafts = await writeDrafts(findMissing(folder, input.tree), input.staging);
  makeFolders(folder, input.tree);
  await settle(folder, { ...input, drafts });
}

type Drafts = ReadonlyMap<WantedFile, string>;

/** The names of the drafts in the staging folder. */
async function writeDrafts(files: readonly WantedFile[], staging: Staging): Promise<Drafts> {
  const drafts = new Map(files.map((file, index) => [file, `draft-${index}`]));
  await inBatches([...drafts], ([file, name]) => writeNewFile(staging.open(), { name, file }));
  return drafts;
}

async function settle(folder: Folder, input: PlainInput & { drafts: Drafts }): Promise<void> {
  const { tree, staging, drafts } = input;
  let isChanged = false;
  for (const [name, file] of tree.files) {
    const draft = drafts.get(file);
    if (draft === undefined) continue;
    if (file.isSeed) linkInto(folder, { name, from: staging.open(), draft });
    else await moveInto(folder, { name, from: staging.open(), draft, pace: input.pace });
    isChanged = true;
  }
  for (const [name, subtree] of tree.folders) {
    using child = openFolder(folder, name);
    if (child === null) throw exchangedEntry(pathOf(folder, name));
    await settle(child, { ...input, tree: subtree });
  }
  const isWanted = (name: string | null) => name !== null && (tree.files.has(name) || tree.folders.has(name));
  if (input.removesOthers && (await removeOthers(folder, { isWanted, pace: input.pace }))) isChanged = true;
  if (isChanged) syncFolder(folder);
}

/** Removes what is not wanted, as far as the time allows; returns whether it removed anything. A name that is not UTF-8 is null. */
export async function removeOthers(
  folder: Folder,
  { isWanted, pace }: { isWanted: (name: string | null) => boolean; pace: Pace },
): Promise<boolean> {
  let isChanged = false;
  for (const { name, text } of readEntries(folder)) {
    if (isWanted(text)) continue;
    if (!(await removeEntry(folder, { name, pace }))) break;
    isChanged = true;
    if (pace.isDue()) await pace.rest();
  }
  return isChanged;
}

/** Renames a draft to its name. A folder of that name is set aside first, since a rename cannot replace it. */
export async function moveInto(
  folder: Folder,
  { name, from, draft, pace }: { name: string; from: Folder; draft: string; pace: Pace },
): Promise<void> {
  const aside = kindOf(folder, name) === "folder" ? setAside({ folder, name }) : null;
  renameSync(at(from, draft), at(folder, name));
  if (aside !== null) await removeEntry(folder, { name: aside, pace });
}

/** Gives a draft its name, unless something has it by now: a program may have written there meanwhile. */
function linkInto(
  folder: Folder,
  { name, from, draft }: { name: string; from: Folder; draft: string },
): void {
  try {
    linkSync(at(from, draft), at(folder, name));
  } catch (error) {
    if (!isSystemError(error, "EEXIST")) throw error;
  }
}

/** Some at a time, so that thousands of files do not need thousands of descriptors; waits for all of a batch. */
export async function inBatches<T>(items: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  const batchSize = 16;
  for (let start = 0; start < items.length; start += batchSize) {
    const results = await Promise.allSettled(items.slice(start, start + batchSize).map(task));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }
}
