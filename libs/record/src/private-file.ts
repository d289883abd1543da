import { constants, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Opens a file, and makes it (0600) if `flags` say so. Makes its folder (0700) when that is missing. */
export function openPrivateFile(path: string, flags: number): number {
  makeFolder(dirname(path));
  return openSync(path, flags | constants.O_NOFOLLOW, 0o600);
}

/** Makes missing folders one by one: the recursion of Node's mkdir never ends in /proc, which answers ENOENT. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
    if (!isThere) throw error;
  }
}
