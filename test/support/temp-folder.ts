import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TempFolder extends AsyncDisposable {
  readonly path: string;
  /** An absolute path inside the folder. */
  join(...parts: string[]): string;
}

/** Makes a new empty folder; disposing it removes it with everything inside. Write `await using x = …`. */
export async function makeTempFolder(prefix = "keelson-"): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  return {
    path,
    join: (...parts) => join(path, ...parts),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  };
}

/** A name that no other test uses, valid for environments, Compose projects, containers and image tags. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString("hex")}`;
}
