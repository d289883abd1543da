import {
  type Dirent,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  opendirSync,
  readdirSync,
  readlinkSync,
  unlinkSync,
} from "node:fs";
import { isUtf8 } from "node:buffer";
import { join } from "node:path";
import { isSystemError, required } from "@keelson/model";

import { exchangedEntry, isRefused, refusedEntry } from "./store-error.ts";

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

/** Bytes as listed: a container may make names that are not UTF-8. */
export type EntryName = string | Buffer;
export type EntryKind = "folder" | "file" | "link" | "special";

/** A path that leads to the entry whatever happens to the folder's own name (proc_pid_fd(5)). */
export function at(folder: Folder, name: EntryName): Buffer {
  const bytes = typeof name === "string" ? Buffer.from(name) : name;
  return Buffer.concat([Buffer.from(`/proc/self/fd/${folder.fd}/`), bytes]);
}

/** The state folder, or null when there is none. Up to here links are the administrator's and are followed. */
export function openStateFolder(path: string): Folder | null {
  return openAt(path, { shown: path, flags: 0 });
}

/** The state folder, made (0700: it holds what only the agent may see) when it is missing. */
export function makeStateFolder(path: string): Folder {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return required(openStateFolder(path), `folder ${path}`);
}

/** A folder inside another, or null when there is none. Throws K4006 for anything else of that name. */
export function openFolder(parent: Folder, name: EntryName): Folder | null {
  return openAt(at(parent, name), { shown: pathOf(parent, name), flags: constants.O_NOFOLLOW });
}

function openAt(path: string | Buffer, { shown, flags }: { shown: string; flags: number }): Folder | null {
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

/** A folder inside another; null when there is none, or anything else of that name. */
export function openIfFolder(parent: Folder, name: EntryName): Folder | null {
  try {
    return openFolder(parent, name);
  } catch (error) {
    if (isRefused(error)) return null;
    throw error;
  }
}

export interface FolderMaking {
  name: string;
  /** For a new folder; an existing one gets it too where containers read. */
  mode: number;
  /** What may be removed to make room for it. Anything else of that name is K4006. */
  replaces: "nothing" | "files" | "anything";
}

/** A folder inside another, made when it is missing. */
export function makeFolder(parent: Folder, { name, mode, replaces }: FolderMaking): Folder {
  const found = kindOf(parent, name);
  const isInTheWay = found !== null && found !== "folder";
  const mayGo = replaces === "anything" || (replaces === "files" && found === "file");
  if (isInTheWay && mayGo) unlinkSync(at(parent, name));
  if (found === null || (isInTheWay && mayGo)) {
    mkdirSync(at(parent, name), { mode });
    syncFolder(parent);
  }
  const folder = openFolder(parent, name);
  if (folder === null) throw exchangedEntry(pathOf(parent, name));
  // The umask, or a kill right after making it, may have left less.
  if (replaces !== "nothing" && modeOf(folder) !== mode) fchmodSync(folder.fd, mode);
  return folder;
}

export interface Entry {
  name: Buffer;
  /** For comparing with names of ours; null when it is not UTF-8, which none of ours is. */
  text: string | null;
  kind: EntryKind;
}

/** A folder grows with its names. One of this size has some thousands at most, and is read at once in half the time. */
const smallFolderBytes = 64 * 1024;
const namesAtOnce = 256;

/** The folder's entries, in no order. A large folder is read in parts: a container decides how much there is. */
export function* readEntries(folder: Folder): Generator<Entry, void> {
  if (fstatSync(folder.fd).size <= smallFolderBytes) {
    const entries = readdirSync(contentOf(folder), { withFileTypes: true, encoding: "buffer" });
    yield* entries.map(entryOf);
    return;
  }
  const listing = openListing(folder);
  try {
    for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) yield entryOf(entry);
  } finally {
    listing.closeSync();
  }
}

function contentOf(folder: Folder): string {
  return `/proc/self/fd/${folder.fd}`;
}

function entryOf(entry: Dirent<Buffer>): Entry {
  const { name } = entry;
  return { name, text: isUtf8(name) ? name.toString("utf8") : null, kind: kindFrom(entry) };
}

interface Listing {
  readSync: () => Dirent<Buffer> | null;
  closeSync: () => void;
}

function openListing(folder: Folder): Listing {
  // Node lists bytes too (fs.opendir, `encoding`); its types know only text.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const encoding = "buffer" as BufferEncoding;
  const listing: unknown = opendirSync(contentOf(folder), { encoding, bufferSize: namesAtOnce });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return listing as Listing;
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
  if (kindOf(folder, name) !== "link") return null;
  try {
    return readlinkSync(at(folder, name));
  } catch (error) {
    // It was removed or exchanged right now.
    if (isSystemError(error, "ENOENT", "EINVAL")) return null;
    throw error;
  }
}

/** Removes a file or a link; that there is none is fine. Throws K4006 for a folder. */
export function removeFile(parent: Folder, name: string): void {
  try {
    unlinkSync(at(parent, name));
  } catch (error) {
    if (isSystemError(error, "EISDIR")) throw refusedEntry(pathOf(parent, name), "it must be a file");
    if (!isSystemError(error, "ENOENT")) throw error;
  }
}

/** Permission bits. */
export function modeOf(folder: Folder): number {
  return fstatSync(folder.fd).mode & 0o7777;
}

/** Brings renames, new and removed names in the folder to the disk. */
export function syncFolder(folder: Folder): void {
  fsyncSync(folder.fd);
}

export function pathOf(parent: Folder, name: EntryName): string {
  return join(parent.path, name.toString());
}
