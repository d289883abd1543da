import type { Stats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { isSystemError } from "@keelson/model";

/**
 * Bytes that a folder takes on its disk, links not followed, a file with several names counted once; null when a part of it
 * cannot be read, or it takes longer than `timeoutMs`, also on a disk that does not answer. Throws the reason of the signal.
 */
export async function measureFolder(
  path: string,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<number | null> {
  signal.throwIfAborted();
  const over = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  try {
    const late = setTimeout(timeoutMs, null, { signal: ended });
    return await Promise.race([late, countBytes(path, ended)]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    over.abort();
  }
}

async function countBytes(path: string, ended: AbortSignal): Promise<number | null> {
  const counted = new Set<string>();
  let bytes = 0;
  const open = [path];
  for (let at = open.pop(); at !== undefined && !ended.aborted; at = open.pop()) {
    const read = await readEntry(at);
    if (read === "unreadable") return null;
    if (read === null) continue;
    const { stats, names } = read;
    const id = `${stats.dev}:${stats.ino}`;
    if (counted.has(id)) continue;
    if (stats.nlink > 1 && !stats.isDirectory()) counted.add(id);
    bytes += stats.blocks * 512;
    for (const name of names) open.push(join(at, name));
  }
  return bytes;
}

/** Null for what has gone meanwhile. */
async function readEntry(path: string): Promise<{ stats: Stats; names: string[] } | "unreadable" | null> {
  try {
    const stats = await lstat(path);
    return { stats, names: stats.isDirectory() ? await readdir(path) : [] };
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return null;
    if (isSystemError(error, "EACCES", "EPERM", "EIO", "ESTALE")) return "unreadable";
    throw error;
  }
}
