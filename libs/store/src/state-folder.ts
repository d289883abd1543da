import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";

import { KeelsonError, isSystemError } from "@keelson/model";

import { refusedEntry, whileReading, whileWriting } from "./store-error.ts";

/** What the state folder is, or would become. */
export interface StateFolder {
  isThere: boolean;
  /** Permission bits; null for a folder that does not exist yet. */
  mode: number | null;
}

/**
 * Whether a round could write to the state folder. It asks for permissions and writes nothing. Throws
 * K4002 (read-only), K4003, K4004 (not permitted), K4006 (no folder).
 */
export async function examineStateFolder(stateDir: string): Promise<StateFolder> {
  return await whileWriting(`write to ${stateDir}`, async () => {
    const existing = await nearestExisting(stateDir);
    const stats = await stat(existing);
    if (!stats.isDirectory()) throw refusedEntry(existing, "it must be a folder");
    await access(existing, constants.R_OK | constants.W_OK | constants.X_OK);
    if (existing !== stateDir) return { isThere: false, mode: null };
    return { isThere: true, mode: stats.mode & 0o7777 };
  });
}

export interface DiskSpace {
  /** What this process may still use. */
  freeBytes: number;
  /** Files and folders that can still be made; null for file systems without such a limit. */
  freeInodes: number | null;
}

/** The space for the state folder, or for where it would be made. Throws K4003. */
export async function readDiskSpace(stateDir: string): Promise<DiskSpace> {
  return await whileReading(`read the free space of ${stateDir}`, async () => {
    const { bavail, bsize, files, ffree } = await statfs(await nearestExisting(stateDir));
    return { freeBytes: bavail * bsize, freeInodes: files === 0 ? null : ffree };
  });
}

async function nearestExisting(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    if (!isSystemError(error, "ENOENT") || dirname(path) === path) throw error;
    return await nearestExisting(dirname(path));
  }
}

/** A status has at most 64 KiB in Git, and somewhat more in the folder; it is written beside the last one. */
const statusRoom = { freeBytes: 128 * 1024, freeInodes: 2 };

/**
 * Returns when a round could write its status to the state folder. Throws K4001 where there is no room, K4002, K4003,
 * K4004, K4006.
 */
export async function requireStatusRoom(stateDir: string): Promise<void> {
  await examineStateFolder(stateDir);
  const { freeBytes, freeInodes } = await readDiskSpace(stateDir);
  if (freeBytes >= statusRoom.freeBytes && (freeInodes ?? Infinity) >= statusRoom.freeInodes) return;
  throw new KeelsonError({
    code: "K4001",
    message: `the disk is full: a round cannot write its status to ${stateDir}`,
    hint: "Free some space or inodes (df, df -i); the next round goes on by itself.",
  });
}
