import { renameSync } from "node:fs";
import { required } from "@keelson/model";

import { findMissing, makeFolders } from "./file-tree.ts";
import type { FileTree } from "./file-tree.ts";
import { at, kindOf, listFolder, openFolder, removeEntry, syncFolder } from "./folder.ts";
import type { Folder } from "./folder.ts";
import { writeNewFile } from "./placed-file.ts";
import type { WantedFile } from "./placed-file.ts";
import type { Staging } from "./staging.ts";

export interface PlainInput {
  tree: FileTree;
  staging: Staging;
  /** Whether everything else goes: yes for a bound folder, no for the folder in which a bound file lies. */
  removesOthers: boolean;
}

/**
 * The layouts `content` and `live`: each file that is not right is replaced by a rename. All are written and synced
 * before the first is renamed, so that a full disk changes nothing.
 */
export async function placePlain(folder: Folder, input: PlainInput): Promise<void> {
  const drafts = await writeDrafts(findMissing(folder, input.tree), input.staging);
  makeFolders(folder, input.tree);
  settle(folder, { ...input, drafts });
}

type Drafts = ReadonlyMap<WantedFile, string>;

/** The names of the drafts in the staging folder. */
async function writeDrafts(files: readonly WantedFile[], staging: Staging): Promise<Drafts> {
  const drafts = new Map(files.map((file, index) => [file, `draft-${index}`]));
  await inBatches([...drafts], ([file, name]) => writeNewFile(staging.open(), { name, file }));
  return drafts;
}

function settle(folder: Folder, input: PlainInput & { drafts: Drafts }): void {
  const { tree, staging, drafts } = input;
  let isChanged = false;
  for (const [name, file] of tree.files) {
    const draft = drafts.get(file);
    if (draft === undefined) continue;
    moveInto(folder, { name, from: staging.open(), draft });
    isChanged = true;
  }
  for (const [name, subtree] of tree.folders) {
    using child = required(openFolder(folder, name), `folder ${folder.path}/${name}`);
    settle(child, { ...input, tree: subtree });
  }
  if (input.removesOthers) {
    for (const entry of listFolder(folder)) {
      if (tree.files.has(entry.text) || tree.folders.has(entry.text)) continue;
      removeEntry(folder, entry.name);
      isChanged = true;
    }
  }
  if (isChanged) syncFolder(folder);
}

/** Renames a draft to its name. A folder of that name goes first, a rename cannot replace it. */
export function moveInto(folder: Folder, on: { name: string; from: Folder; draft: string }): void {
  if (kindOf(folder, on.name) === "folder") removeEntry(folder, on.name);
  renameSync(at(on.from, on.draft), at(folder, on.name));
}

/** Some at a time, so that thousands of files do not need thousands of descriptors; waits for all of a batch. */
export async function inBatches<T>(items: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  const batchSize = 16;
  for (let start = 0; start < items.length; start += batchSize) {
    const results = await Promise.allSettled(items.slice(start, start + batchSize).map(task));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }
}
