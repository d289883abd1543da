import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  writeFileSync,
} from "node:fs";
import { promisify } from "node:util";
import { KeelsonError, stalled } from "@keelson/model";

import { at } from "./folder.ts";
import type { EntryName, Folder } from "./folder.ts";
import { isSystemError } from "./store-error.ts";

/** A file as it is to lie on the disk. */
export interface WantedFile {
  bytes: Uint8Array;
  mode: number;
  uid: number;
  gid: number;
}

export interface ReadFile {
  bytes: Buffer;
  mode: number;
  uid: number;
  gid: number;
}

/**
 * An ordinary file, or null for anything else and for one of more than `limit` bytes. Only what looks like one is
 * opened at all, since opening a device or a pipe may do something or wait.
 */
export function readOrdinaryFile(folder: Folder, on: { name: EntryName; limit: number }): ReadFile | null {
  const path = at(folder, on.name);
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return null;
  const fd = openIfThere(path);
  if (fd === null) return null;
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > on.limit) return null;
    return { bytes: readBytes(fd, stats.size), mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid };
  } finally {
    closeSync(fd);
  }
}

/** Null also when it was exchanged for a link or removed right now. */
function openIfThere(path: Buffer): number | null {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ELOOP")) return null;
    throw error;
  }
}

/** At most `size` bytes, also of a file that grows meanwhile. */
function readBytes(fd: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const read = readSync(fd, bytes, length, size - length, null);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

/** Whether the file lies there byte for byte, with its mode and owner. */
export function isInPlace(folder: Folder, on: { name: string; file: WantedFile }): boolean {
  const found = readOrdinaryFile(folder, { name: on.name, limit: on.file.bytes.length });
  return (
    found !== null &&
    found.mode === on.file.mode &&
    found.uid === on.file.uid &&
    found.gid === on.file.gid &&
    found.bytes.equals(on.file.bytes)
  );
}

const syncFile = promisify(fsync);

/** Writes a new file completely and brings it to the disk; nobody else can read it before it has its own mode. */
export async function writeNewFile(folder: Folder, on: { name: string; file: WantedFile }): Promise<void> {
  const { name, file } = on;
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(at(folder, name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    writeFileSync(fd, file.bytes);
    // The owner first: changing it would take mode bits away again.
    const { uid, gid } = fstatSync(fd);
    if (uid !== file.uid || gid !== file.gid) changeOwner(fd, file);
    fchmodSync(fd, file.mode);
    // Not synchronous: a slow disk takes tens of milliseconds, and several files share one flush.
    await syncFile(fd);
  } finally {
    closeSync(fd);
  }
}

function changeOwner(fd: number, { uid, gid }: WantedFile): void {
  try {
    fchownSync(fd, uid, gid);
  } catch (error) {
    // EINVAL: an id that the agent's user namespace does not map.
    if (!isSystemError(error, "EPERM", "EINVAL")) throw error;
    throw new KeelsonError({
      code: "K4005",
      message: `cannot give a file to the owner ${uid}:${gid}`,
      hint: "Run the agent as root (with CAP_CHOWN) on a file system that keeps owners, or leave out the file's owner.",
      outcome: stalled,
    });
  }
}

/** Gives a second name to a file that is in place already, so that its inode and its times stay. */
export function linkFile(from: { folder: Folder; name: string }, to: Folder): void {
  linkSync(at(from.folder, from.name), at(to, from.name));
}
