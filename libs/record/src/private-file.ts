import { constants, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";

/** Makes the folder of a file (0700) where it is missing and opens the file, made (0600) if `flags` say so. */
export function openPrivateFile(path: string, flags: number): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return openSync(path, flags | constants.O_NOFOLLOW, 0o600);
}
