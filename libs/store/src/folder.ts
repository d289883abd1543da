import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { required } from "@keelson/model";

import { isSystemError, refusedEntry } from "./store-error.ts";

/**
 * An open folder. What is inside is reached through its descriptor (`at`), as with openat(2): a container that
 * exchanges a folder of its mount for a link in the middle of our work cannot lead us elsewhere. The calls are
 * synchronous because for thousands of small files that takes a third of the time.
 */
export interface Folder extends Disposable {
  readonly fd: number;
  /** For messages. */
  readonly path: string;
}

/** Bytes as listed: a container may write names that are not UTF-8. */
export type EntryName = string | Buffer;
export type EntryKind = "folder" | "file" | "link" | "special";

/** A path that leads to the entry whatever happens to the folder's own name (proc_pid_fd(5)). */
export function at(folder: Folder, name: EntryName): Buffer {
  const bytes = typeof name === "string" ? Buffer.from(name) : name;
  return Buffer.concat([Buffer.from(`/proc/self/fd/${folder.fd}/`), bytes]);
}

/** The state folder, or null when there is none. Up to here links are the administrator's and are followed. */
export function openStateFolder(path: string): Folder | null {
  return openAt(path, path, 0);
}

/** The state folder, made (0700: it holds what only the agent may see) when it is missing. */
export function makeStateFolder(path: string): Folder {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return required(openStateFolder(path), `folder ${path}`);
}

/** A folder inside another, or null when there is none. Throws K4006 for anything else of that name. */
export function openFolder(parent: Folder, name: EntryName): Folder | null {
  return openAt(at(parent, name), pathOf(parent, name), constants.O_NOFOLLOW);
}

function openAt(path: string | Buffer, shown: string, flags: number): Folder | null {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | flags);
    return { fd, path: shown, [Symbol.dispose]: () => closeSync(fd) };
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return null;
    if (isSystemError(error, "ENOTDIR", "ELOOP"))
      throw refusedEntry(shown, "it must be a folder and no link");
    throw error;
  }
}

/** A folder inside another, or null for nothing and for anything else. */
export function openIfFolder(parent: Folder, name: EntryName): Folder | null {
  return kindOf(parent, name) === "folder" ? openFolder(parent, name) : null;
}

export interface FolderMaking {
  /** Given to a folder that is made; one that is there gets it too where containers look inside. */
  mode: number;
  /** What may be removed to make room for it. Anything else of that name is K4006. */
  replaces: "nothing" | "files" | "anything";
}

/** A folder inside another, made when it is missing. */
export function makeFolder(parent: Folder, name: string, making: FolderMaking): Folder {
  const found = kindOf(parent, name);
  const isInTheWay = found !== null && found !== "folder";
  const mayGo = making.replaces === "anything" || (making.replaces === "files" && found === "file");
  if (isInTheWay && mayGo) unlinkSync(at(parent, name));
  if (found === null || (isInTheWay && mayGo)) {
    mkdirSync(at(parent, name), { mode: making.mode });
    syncFolder(parent);
  }
  const folder = required(openFolder(parent, name), `folder ${pathOf(parent, name)}`);
  // The umask, or a kill right after making it, may have left less.
  if (making.replaces !== "nothing" && modeOf(folder) !== making.mode) fchmodSync(folder.fd, making.mode);
  return folder;
}

export interface Entry {
  name: Buffer;
  text: string;
  kind: EntryKind;
}

/** What is in the folder, in no order. */
export function listFolder(folder: Folder): Entry[] {
  const entries = readdirSync(`/proc/self/fd/${folder.fd}`, { withFileTypes: true, encoding: "buffer" });
  return entries.map((entry) => ({
    name: entry.name,
    text: entry.name.toString("utf8"),
    kind: kindFrom(entry),
  }));
}

/** What is there under that name, links not followed; null for nothing. */
export function kindOf(folder: Folder, name: EntryName): EntryKind | null {
  const stats = lstatSync(at(folder, name), { throwIfNoEntry: false });
  return stats === undefined ? null : kindFrom(stats);
}

interface WithKind {
  isDirectory: () => boolean;
  isFile: () => boolean;
  isSymbolicLink: () => boolean;
}

function kindFrom(entry: WithKind): EntryKind {
  if (entry.isDirectory()) return "folder";
  if (entry.isFile()) return "file";
  return entry.isSymbolicLink() ? "link" : "special";
}

/** Where a link leads, as it is written; null for anything that is no link. */
export function readLink(folder: Folder, name: EntryName): string | null {
  return kindOf(folder, name) === "link" ? readlinkSync(at(folder, name)) : null;
}

/** Removes what is there under that name, a folder with all it holds; links are removed and not followed. */
export function removeEntry(parent: Folder, name: EntryName): void {
  removeBelow(parent, { name, depth: 0 });
}

/** Each level needs a descriptor and a stack frame, and a container can nest as deep as it likes. */
const depthLimit = 256;

function removeBelow(parent: Folder, on: { name: EntryName; depth: number }): void {
  const { name, depth } = on;
  const kind = kindOf(parent, name);
  if (kind === null) return;
  if (kind !== "folder") return unlinkSync(at(parent, name));
  if (depth > depthLimit) throw refusedEntry(parent.path, `folders are nested more than ${depthLimit} deep`);
  {
    using folder = openFolder(parent, name);
    if (folder === null) return;
    for (const entry of listFolder(folder)) removeBelow(folder, { name: entry.name, depth: depth + 1 });
  }
  rmdirSync(at(parent, name));
}

/** Permission bits. */
export function modeOf(folder: Folder): number {
  return fstatSync(folder.fd).mode & 0o7777;
}

/** Brings renames, new and removed names in the folder to the disk. */
export function syncFolder(folder: Folder): void {
  fsyncSync(folder.fd);
}

function pathOf(parent: Folder, name: EntryName): string {
  return join(parent.path, name.toString());
}
