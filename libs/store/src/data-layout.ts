import { renameSync, symlinkSync } from "node:fs";

import { isExactly } from "./file-tree.ts";
import type { FileTree } from "./file-tree.ts";
import { at, kindOf, makeFolder, openIfFolder, readLink, syncFolder } from "./folder.ts";
import type { Entry, Folder } from "./folder.ts";
import type { Pace } from "./pace.ts";
import { isInPlace, linkFile, writeNewFile } from "./placed-file.ts";
import { inBatches, moveInto, removeOthers } from "./plain-layout.ts";
import { setAside } from "./removed-entry.ts";
import type { Staging } from "./staging.ts";
import { mountFolderMode } from "./store-path.ts";

/** The link that is swapped: a program that reads through it sees all files of one generation. */
const dataLink = "..data";

/** The name of the folder that `..data` leads to; null unless it is a folder beside it. */
export function generationOf(folder: Folder): string | null {
  const name = readLink(folder, dataLink);
  if (name === null || name === dataLink || !/^\.\.[^/]+$/.test(name)) return null;
  using generation = openIfFolder(folder, name);
  return generation === null ? null : name;
}

const generationName = /^\.\.[0-9a-f]{32}(?:-again)?$/;

/** Whether it has the name of a generation, whether or not `..data` leads to it. */
export function isGeneration({ text, kind }: Pick<Entry, "text" | "kind">): boolean {
  return kind === "folder" && text !== null && generationName.test(text);
}

/** Whether it is a visible name of the layout: a link to the same name behind `..data`. */
export function isVisibleLink(folder: Folder, name: string): boolean {
  return readLink(folder, name) === linkTarget(name);
}

function linkTarget(name: string): string {
  return `${dataLink}/${name}`;
}

export interface DataInput {
  tree: FileTree;
  staging: Staging;
  /** Hex digest of the tree, from which the generation has its name. */
  digest: string;
  /** Whether files of others go, too: earlier generations go in any case. */
  removesOthers: boolean;
  pace: Pace;
}

/**
 * The layout `data`, as kubelet lays out projected volumes: a folder `..<digest>` is written completely, the link
 * `..data` swapped to it by a rename, visible names are links to `..data/<name>`. Then what is stale goes.
 */
export async function placeData(folder: Folder, input: DataInput): Promise<void> {
  const { tree, staging, pace } = input;
  const current = generationOf(folder);
  const isRight = current !== null && holdsExactly(folder, { name: current, tree });
  const generation = isRight ? current : await writeGeneration(folder, { ...input, current });
  if (!isRight) {
    symlinkSync(generation, at(staging.open(), dataLink));
    await moveInto(folder, { name: dataLink, from: staging.open(), draft: dataLink, pace });
    // On the disk before anything that the old generation needs goes.
    syncFolder(folder);
  }
  const names = [...tree.files.keys(), ...tree.folders.keys()];
  const wrong = names.filter((name) => !isVisibleLink(folder, name));
  for (const name of wrong) {
    symlinkSync(linkTarget(name), at(staging.open(), "link"));
    await moveInto(folder, { name, from: staging.open(), draft: "link", pace });
  }
  const kept = new Set([dataLink, generation, ...names]);
  const isOurs = (name: string) => generationName.test(name) || isVisibleLink(folder, name);
  const isWanted = (name: string | null) =>
    name === null ? !input.removesOthers : kept.has(name) || !(input.removesOthers || isOurs(name));
  const hadOthers = await removeOthers(folder, { isWanted, pace });
  if (wrong.length > 0 || hadOthers) syncFolder(folder);
}

function holdsExactly(folder: Folder, { name, tree }: { name: string; tree: FileTree }): boolean {
  using generation = openIfFolder(folder, name);
  return generation !== null && isExactly(generation, tree);
}

/** Writes a new generation beside the current one and returns its name. */
async function writeGeneration(
  folder: Folder,
  input: DataInput & { current: string | null },
): Promise<string> {
  const named = `..${input.digest.slice(0, 32)}`;
  // The current one has this name already when it was changed by hand.
  const name = input.current === named ? `${named}-again` : named;
  const staged = input.staging.open();
  const draft = "generation";
  using generation = makeFolder(staged, { name: draft, mode: mountFolderMode, replaces: "anything" });
  using current = input.current === null ? null : openIfFolder(folder, input.current);
  await writeTree(generation, { tree: input.tree, current });
  if (kindOf(folder, name) !== null) setAside({ folder, name });
  renameSync(at(staged, draft), at(folder, name));
  syncFolder(folder);
  return name;
}

async function writeTree(
  folder: Folder,
  { tree, current }: { tree: FileTree; current: Folder | null },
): Promise<void> {
  await inBatches([...tree.files], async ([name, file]) => {
    if (current !== null && isInPlace(current, { name, file })) linkFile({ folder: current, name }, folder);
    else await writeNewFile(folder, { name, file });
  });
  for (const [name, subtree] of tree.folders) {
    using child = makeFolder(folder, { name, mode: mountFolderMode, replaces: "anything" });
    using currentChild = current === null ? null : openIfFolder(current, name);
    await writeTree(child, { tree: subtree, current: currentChild });
  }
  syncFolder(folder);
}
