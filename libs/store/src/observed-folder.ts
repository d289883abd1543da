import type { DesiredFile, ObservedFile } from "@keelson/model";

import { generationOf, isGeneration, isVisibleLink } from "./data-layout.ts";
import type { DesiredTree } from "./desired-tree.ts";
import { kindOf, openIfFolder, readEntries } from "./folder.ts";
import type { Entry, Folder } from "./folder.ts";
import { type OtherFiles, newOtherFiles } from "./other-files.ts";
import { type Pace, newPace } from "./pace.ts";
import { compareFile } from "./placed-file.ts";
import type { StoreContext } from "./placed-files.ts";

/** What has been found of one instance so far. */
export interface Findings extends Pick<StoreContext, "fillSecrets"> {
  files: [string, ObservedFile][];
  others: OtherFiles;
  /** For reading desired files. It has no limit, since no container decides how much that is. */
  pace: Pace;
}

export function newFindings({ fillSecrets }: Pick<StoreContext, "fillSecrets">): Findings {
  return { fillSecrets, files: [], others: newOtherFiles(), pace: newPace(Infinity) };
}

interface TreeInput {
  findings: Findings;
  tree: DesiredTree;
  /** Of the folder, below the instance's. */
  path: string;
  /** Whether a container sees all that is in it. */
  isBound: boolean;
  /** Whether what is not desired is the programs'. */
  isShared?: boolean;
}

/** Finds desired files by their names, and then lists the names of what else is there. */
export async function observeTree(folder: Folder, input: TreeInput): Promise<void> {
  const { findings, tree, path } = input;
  const isBound = input.isBound || tree.isBound;
  const isShared = input.isShared === true || tree.isShared;
  using generation = newGeneration(folder);
  for (const [name, file] of tree.files) {
    const wanted = { name, bytes: bytesOf(file, findings), pace: findings.pace };
    let found = await compareFile(folder, wanted);
    const holder = found?.isLink === true ? generation.holderOf(name) : null;
    if (holder !== null) found = await compareFile(holder, wanted);
    if (found === null) continue;
    const { isSame, mode, uid, gid } = found;
    const contentDigest = isSame ? file.contentDigest : "differs";
    findings.files.push([`${path}/${name}`, { contentDigest, mode, uid, gid }]);
  }
  for (const [name, subtree] of tree.folders) {
    const below = `${path}/${name}`;
    const holder = generation.holderOf(name) ?? folder;
    using child = openIfFolder(holder, name);
    if (child !== null) await observeTree(child, { findings, tree: subtree, path: below, isBound, isShared });
    else if (kindOf(holder, name) !== null) findings.others.note(below);
  }
  if (!isShared) await observeOthers(folder, { ...input, isBound, generation });
}

/** Null when the content cannot be known here, so that nothing equals it. */
function bytesOf(
  { content, contentDigest, secrets }: DesiredFile,
  { fillSecrets }: Findings,
): Uint8Array | null {
  if (secrets.length === 0) return content;
  return contentDigest.startsWith("unknown:") ? null : fillSecrets(content);
}

/** The generation behind `..data`; opened when a visible link leads to it. */
interface Generation extends Disposable {
  /** The folder in which a visible link leads to something of the same name; null for anything else. */
  holderOf: (name: string) => Folder | null;
}

function newGeneration(folder: Folder): Generation {
  let opened: Folder | null | undefined;
  const open = () => {
    const name = generationOf(folder);
    return name === null ? null : openIfFolder(folder, name);
  };
  return {
    holderOf: (name) => {
      if (!isVisibleLink(folder, name)) return null;
      if (opened === undefined) opened = open();
      return opened !== null && kindOf(opened, name) !== null ? opened : null;
    },
    [Symbol.dispose]: () => opened?.[Symbol.dispose](),
  };
}

type OthersInput = TreeInput & { generation: Generation };

/**
 * Names that start with `..` belong to the `data` layout, and programs pass over them. A generation that nothing leads to
 * was left by a kill.
 */
async function observeOthers(folder: Folder, input: OthersInput): Promise<void> {
  const { findings, tree, path, isBound, generation } = input;
  for (const entry of readEntries(folder)) {
    const { name, text } = entry;
    if (text !== null && (tree.files.has(text) || tree.folders.has(text))) continue;
    if (!(await findings.others.mayRead(path))) return;
    const below = `${path}/${name.toString("utf8")}`;
    if (text?.startsWith("..") === true) {
      if (isGeneration(entry) && generationOf(folder) !== text) findings.others.note(below);
      continue;
    }
    const holder = text === null || entry.kind !== "link" ? null : generation.holderOf(text);
    const kind = holder === null ? entry.kind : (kindOf(holder, name) ?? entry.kind);
    if (!isBound) findings.others.note(below);
    else {
      const other = { ...entry, kind };
      await observeOther(holder ?? folder, { findings, entry: other, path: below, within: path, depth: 0 });
    }
  }
}

/** A container can nest as deep as it likes; everything below this depth counts as one entry. */
const depthLimit = 64;

/** A folder without any file is nothing to a program. */
async function observeOther(
  folder: Folder,
  {
    findings,
    entry,
    path,
    within,
    depth,
  }: { findings: Findings; entry: Entry; path: string; within: string; depth: number },
): Promise<void> {
  if (entry.kind !== "folder" || depth >= depthLimit) return findings.others.note(path);
  using child = openIfFolder(folder, entry.name);
  if (child === null) return;
  for (const inner of readEntries(child)) {
    if (!(await findings.others.mayRead(within))) return;
    if (inner.text?.startsWith("..") === true) continue;
    const below = `${path}/${inner.name.toString("utf8")}`;
    await observeOther(child, { findings, entry: inner, path: below, within, depth: depth + 1 });
  }
}
