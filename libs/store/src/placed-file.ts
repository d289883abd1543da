import {
  type Stats,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  linkSync,
  openSync,
  readSync,
  writeFileSync,
} from "node:fs";
import { promisify } from "node:util";
import { KeelsonError, isSystemError, stalled } from "@keelson/model";

import { at } from "./folder.ts";
import type { EntryName, Folder } from "./folder.ts";
import type { Pace } from "./pace.ts";

/** A file as it is to lie on the disk. */
export interface WantedFile {
  bytes: Uint8Array;
  mode: number;
  uid: number;
  gid: number;
  /** Whatever has its name already stays. */
  isSeed: boolean;
}

export interface ReadFile {
  bytes: Buffer;
  mode: number;
  uid: number;
  gid: number;
}

/** An ordinary file, or null for anything else and for one of more than `limit` bytes. */
export function readOrdinaryFile(
  folder: Folder,
  { name, limit }: { name: EntryName; limit: number },
): ReadFile | null {
  using held = holdEntry(folder, name);
  if (held === null || !held.stats.isFile() || held.stats.size > limit) return null;
  const { size, mode, uid, gid } = held.stats;
  const fd = openHeld(held);
  try {
    return { bytes: readBytes(fd, size), mode: mode & 0o7777, uid, gid };
  } finally {
    closeSync(fd);
  }
}

interface HeldEntry extends Disposable {
  readonly fd: number;
  readonly stats: Stats;
}

/** open(2); the same number on every architecture that Node runs on. */
const O_PATH = 0o10000000;

/**
 * Takes hold of an entry without opening it, or null when there is none. A container can replace a file by a device or a
 * pipe at any time, and opening one of those may wait or do something.
 */
function holdEntry(folder: Folder, name: EntryName): HeldEntry | null {
  let fd: number;
  try {
    fd = openSync(at(folder, name), O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return null;
    throw error;
  }
  return { fd, stats: fstatSync(fd), [Symbol.dispose]: () => closeSync(fd) };
}

/** Opens for reading what was held, and nothing else, wherever its name leads now. */
function openHeld({ fd }: HeldEntry): number {
  return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** What is seen of an entry, whatever it is. */
export interface ComparedFile {
  /** An ordinary file with just these bytes. */
  isSame: boolean;
  isLink: boolean;
  mode: number;
  uid: number;
  gid: number;
}

const comparedAtOnce = 1024 * 1024;

/** Compares an entry with bytes, or null when there is none. Only an ordinary file of the same length is read. */
export async function compareFile(
  folder: Folder,
  { name, bytes, pace }: { name: EntryName; bytes: Uint8Array | null; pace: Pace },
): Promise<ComparedFile | null> {
  using held = holdEntry(folder, name);
  if (held === null) return null;
  const { mode, uid, gid, size } = held.stats;
  const isSame =
    bytes !== null &&
    held.stats.isFile() &&
    size === bytes.length &&
    (await holdsBytes(held, { bytes, pace }));
  return { isSame, isLink: held.stats.isSymbolicLink(), mode: mode & 0o7777, uid, gid };
}

async function holdsBytes(
  held: HeldEntry,
  { bytes, pace }: { bytes: Uint8Array; pace: Pace },
): Promise<boolean> {
  const fd = openHeld(held);
  try {
    const buffer = Buffer.allocUnsafe(Math.min(comparedAtOnce, bytes.length));
    for (let offset = 0; offset < bytes.length;) {
      const read = readSync(fd, buffer, 0, Math.min(buffer.length, bytes.length - offset), offset);
      const wanted = bytes.subarray(offset, offset + read);
      if (read === 0 || !buffer.subarray(0, read).equals(wanted)) return false;
      offset += read;
      if (pace.isDue()) await pace.rest();
    }
    return true;
  } finally {
    closeSync(fd);
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
export function isInPlace(folder: Folder, { name, file }: { name: string; file: WantedFile }): boolean {
  const found = readOrdinaryFile(folder, { name, limit: file.bytes.length });
  return (
    found !== null &&
    found.mode === file.mode &&
    found.uid === file.uid &&
    found.gid === file.gid &&
    found.bytes.equals(file.bytes)
  );
}

const syncFile = promisify(fsync);

/** Writes a new file completely and brings it to the disk; nobody else can read it before it has its own mode. */
export async function writeNewFile(
  folder: Folder,
  { name, file }: { name: string; file: WantedFile },
): Promise<void> {
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
