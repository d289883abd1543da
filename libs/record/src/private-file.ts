import { constants, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Makes the folder of a file (0700) where it is missing and opens the file, made (0600) if `flags` say so. */
export function openPrivateFile(path: string, flags: number): number {
  makeFolder(dirname(path));
  return openSync(path, flags | constants.O_NOFOLLOW, 0o600);
}

/** One by one: Node's own recursion never ends where a file system answers ENOENT to a mkdir, as /proc does. */
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
