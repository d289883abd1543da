import { digestBytes } from "@keelson/model";

import { makeFolder } from "./folder.ts";
import type { Folder } from "./folder.ts";
import { newPace } from "./pace.ts";
import { removeEntry } from "./removed-entry.ts";
import { removalMs } from "./store-error.ts";

/**
 * A private folder (0700) beside `files` and `live`, so on the same file system, where an operation prepares what it
 * then renames into place: no container and no wildcard of a config ever sees a draft. One that a killed agent left
 * is cleared when the operation is done again.
 */
export interface Staging extends AsyncDisposable {
  /** Made at the first call: an operation with nothing to do writes nothing. */
  readonly open: () => Folder;
}

/** Whether a name beside `files` and `live` is that of a staging folder: while nothing is placed, one that was left. */
export function isStaging(name: string): boolean {
  return /^\.staging-[0-9a-f]{16}$/.test(name);
}

/** The staging folder of one mount; no two operations on a mount run at a time. Disposing removes it. */
export async function prepareStaging(instance: Folder, target: string): Promise<Staging> {
  const name = `.staging-${digestBytes(target).slice(0, 16)}`;
  const clear = async () => removeEntry(instance, { name, pace: newPace(removalMs) });
  await clear();
  let folder: Folder | null = null;
  return {
    open: () => (folder ??= makeFolder(instance, { name, mode: 0o700, replaces: "nothing" })),
    [Symbol.asyncDispose]: async () => {
      folder?.[Symbol.dispose]();
      await clear();
    },
  };
}
