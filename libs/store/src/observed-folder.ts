import type { DesiredFile, ObservedFile } from "@keelson/model";

import { generationOf, isGeneration, isVisibleLink } from "./data-layout.ts";
import type { DesiredTree } from "./desired-tree.ts";
import { kindOf, openIfFolder, readEntries } from "./folder.ts";
import type { Entry, Folder } from "./folder.ts";
import { type OtherFiles, newOtherFiles } from "./other-files.ts";
import { type Pace, newPace } from "./pace.ts";
import { compareFile } from "./placed-file.ts";
import type { StoreContext } from "./placed-files.ts";

/** What was found out of one instance so far. */
export interface Look extends Pick<StoreContext, "fillSecrets"> {
  files: [string, ObservedFile][];
  others: OtherFiles;
  /** Of reading what is desired; that has as much time as it takes, since no container decides how much it is. */
  pace: Pace;
}

export function newLook({ fillSecrets }: Pick<StoreContext, "fillSecrets">): Look {
  return { fillSecrets, files: [], others: newOtherFiles(), pace: newPace(Infinity) };
}

interface TreeLook {
  look: Look;
  tree: DesiredTree;
  /** Of the folder, below the instance's. */
  path: string;
  /** Whether a container sees all that is in it. */
  isBound: boolean;
  /** Whether what is not desired is the programs'. */
  isShared?: boolean;
}

/** Looks for what is desired by its name, and then at the names of what else is there. */
export async function observeTree(folder: Folder, input: TreeLook): Promise<void> {
  const { look, tree, path } = input;
  const isBound = input.isBound || tree.isBound;
  const isShared = input.isShared === true || tree.isShared;
  using generation = newGeneration(folder);
  for (const [name, file] of tree.files) {
    const wanted = { name, bytes: bytesOf(file, look), pace: look.pace };
    let found = await compareFile(folder, wanted);
    const holder = found?.isLink === true ? generation.holderOf(name) : null;
    if (holder !== null) found = await compareFile(holder, wanted);
    if (found === null) continue;
    const { isSame, mode, uid, gid } = found;
    const contentDigest = isSame ? file.contentDigest : "differs";
    look.files.push([`${path}/${name}`, { contentDigest, mode, uid, gid }]);
  }
  for (const [name, subtree] of tree.folders) {
    const below = `${path}/${name}`;
    const holder = generation.holderOf(name) ?? folder;
    using child = openIfFolder(holder, name);
    if (child !== null) await observeTree(child, { look, tree: subtree, path: below, isBound, isShared });
    else if (kindOf(holder, name) !== null) look.others.note(below);
  }
  if (!isShared) await observeOthers(folder, { ...input, isBound, generation });
}

/** Null when the content cannot be known here, so that nothing equals it. */
function bytesOf({ content, contentDigest, secrets }: DesiredFile, { fillSecrets }: Look): Uint8Array | null {
  if (secrets.length === 0) return content;
  return contentDigest.startsWith("unknown:") ? null : fillSecrets(content);
}

/** What lies behind `..data`; looked for when there is a link to it. */
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

type OthersLook = TreeLook & { generation: Generation };

/**
 * Names that start with `..` are the `data` layout's own and not what a container's program looks at. A generation that
 * nothing leads to was left by a kill.
 */
async function observeOthers(folder: Folder, input: OthersLook): Promise<void> {
  const { look, tree, path, isBound, generation } = input;
  for (const entry of readEntries(folder)) {
    const { name, text } = entry;
    if (text !== null && (tree.files.has(text) || tree.folders.has(text))) continue;
    if (!(await look.others.mayLook(path))) return;
    const below = `${path}/${name.toString("utf8")}`;
    if (text?.startsWith("..") === true) {
      if (isGeneration(entry) && generationOf(folder) !== text) look.others.note(below);
      continue;
    }
    const holder = text === null || entry.kind !== "link" ? null : generation.holderOf(text);
    const kind = holder === null ? entry.kind : (kindOf(holder, name) ?? entry.kind);
    if (!isBound) look.others.note(below);
    else {
      const other = { ...entry, kind };
      await observeOther(holder ?? folder, { look, entry: other, path: below, within: path, depth: 0 });
    }
  }
}

/** A container can nest as deep as it likes; what is deeper is one thing that does not belong there. */
const depthLimit = 64;

/** A folder without any file is nothing to a program. */
async function observeOther(
  folder: Folder,
  {
    look,
    entry,
    path,
    within,
    depth,
  }: { look: Look; entry: Entry; path: string; within: string; depth: number },
): Promise<void> {
  if (entry.kind !== "folder" || depth >= depthLimit) return look.others.note(path);
  using child = openIfFolder(folder, entry.name);
  if (child === null) return;
  for (const inner of readEntries(child)) {
    if (!(await look.others.mayLook(within))) return;
    if (inner.text?.startsWith("..") === true) continue;
    const below = `${path}/${inner.name.toString("utf8")}`;
    await observeOther(child, { look, entry: inner, path: below, within, depth: depth + 1 });
  }
}
