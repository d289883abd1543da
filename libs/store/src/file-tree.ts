import { getegid, geteuid } from "node:process";
import { KeelsonError, required, stalled } from "@keelson/model";

import { kindOf, makeFolder, modeOf, openIfFolder, readEntries } from "./folder.ts";
import type { Folder } from "./folder.ts";
import { isInPlace } from "./placed-file.ts";
import type { WantedFile } from "./placed-file.ts";
import { refusedPath } from "./store-error.ts";
import { mountFolderMode, partsOf } from "./store-path.ts";

/** What a folder is to hold. */
export interface FileTree {
  files: Map<string, WantedFile>;
  folders: Map<string, FileTree>;
}

export interface TreeInput {
  /** Path inside the mount. */
  path: string;
  /** With its secrets. */
  bytes: Uint8Array;
  mode: number;
  owner: { uid: number; gid: number } | null;
  isSeed: boolean;
}

/** More than a config file ever has; the whole file is held in memory. */
export const fileBytesLimit = 64 * 1024 * 1024;

/** Files as a tree. Throws K4006 for a path that is not plain or that two files claim, K4008 for a huge file. */
export function buildTree(files: readonly TreeInput[]): FileTree {
  const root: FileTree = { files: new Map(), folders: new Map() };
  for (const file of files) {
    const parts = partsOf(file.path);
    const name = required(parts.pop(), "name of a file");
    let folder = root;
    for (const part of parts) {
      const next = folder.folders.get(part) ?? { files: new Map(), folders: new Map() };
      folder.folders.set(part, next);
      if (folder.files.has(part)) throw claimedTwice(file.path);
      folder = next;
    }
    if (folder.files.has(name) || folder.folders.has(name)) throw claimedTwice(file.path);
    folder.files.set(name, wantedFile(file));
  }
  return root;
}

function wantedFile({ path, bytes, mode, owner, isSeed }: TreeInput): WantedFile {
  if (bytes.length > fileBytesLimit) {
    throw new KeelsonError({
      code: "K4008",
      message: `the file ${path} is larger than ${fileBytesLimit / 1024 / 1024} MiB`,
      hint: "Put large data into an image or a volume; rendered files are for configuration.",
      outcome: stalled,
    });
  }
  // No owner means the agent's own user, as for any file it writes.
  const { uid, gid } = owner ?? { uid: geteuid?.() ?? 0, gid: getegid?.() ?? 0 };
  return { bytes, mode: mode & 0o777, uid, gid, isSeed };
}

function claimedTwice(path: string): KeelsonError {
  return refusedPath(path, "another file of the mount has the same path or lies in the way");
}

/** Files of the tree that the folder does not have exactly so. */
export function findMissing(folder: Folder | null, tree: FileTree): WantedFile[] {
  const missing = [...tree.files]
    .filter(([name, file]) => folder === null || !isSettled(folder, { name, file }))
    .map(([, file]) => file);
  for (const [name, subtree] of tree.folders) {
    using child = folder === null ? null : openIfFolder(folder, name);
    missing.push(...findMissing(child, subtree));
  }
  return missing;
}

function isSettled(folder: Folder, { name, file }: { name: string; file: WantedFile }): boolean {
  return file.isSeed ? kindOf(folder, name) !== null : isInPlace(folder, { name, file });
}

/** Whether the folder holds the tree and nothing else, so that every container can see it. */
export function isExactly(folder: Folder, tree: FileTree): boolean {
  if (modeOf(folder) !== mountFolderMode) return false;
  for (const { text } of readEntries(folder)) {
    if (text === null || !(tree.files.has(text) || tree.folders.has(text))) return false;
  }
  for (const [name, file] of tree.files) if (!isInPlace(folder, { name, file })) return false;
  for (const [name, subtree] of tree.folders) {
    using child = openIfFolder(folder, name);
    if (child === null || !isExactly(child, subtree)) return false;
  }
  return true;
}

/** Makes the tree's folders, and removes whatever else has their names. */
export function makeFolders(folder: Folder, tree: FileTree): void {
  for (const [name, subtree] of tree.folders) {
    using child = makeFolder(folder, { name, mode: mountFolderMode, replaces: "anything" });
    makeFolders(child, subtree);
  }
}
