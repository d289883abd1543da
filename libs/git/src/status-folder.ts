import { digestValue } from "@keelson/model";

import { readRef, replaceCopy, restoreCopy, writeRef } from "./local-copy.ts";
import { ownStatusLimits } from "./pack-limits.ts";
import type { Remote } from "./remote.ts";
import { locateSource } from "./source-location.ts";

export interface StatusFolderInput {
  /** A small bare repository for this alone, made when it is missing. One caller at a time. */
  gitDir: string;
  /** Where statuses go, like the URL of a source. */
  url: string;
  /** The node's ref there. */
  ref: string;
}

/** What a node knows of its own ref on a server. */
export interface StatusFolder {
  /** What the ref was at when the node last wrote or fetched it; null when that is not known. */
  readBase: () => Promise<string | null>;
  saveBase: (commit: string) => Promise<void>;
  /** Makes the folder anew with what the ref is at now; null when there is no such ref. */
  renew: (remote: Remote) => Promise<string | null>;
}

/** Enough to know which notes are the newest; the server keeps the rest. */
const historyDepth = 64;

/**
 * Opens the folder for one place. Its one ref is named by the place: when agent.yaml names another URL or form, the
 * folder knows nothing of that, and is made anew.
 */
export function openStatusFolder({ gitDir, url, ref: ownRef }: StatusFolderInput): StatusFolder {
  const ref = `refs/heads/${digestValue({ url: locateSource(url).name, ref: ownRef })}`;
  return {
    readBase: async () => {
      await restoreCopy(gitDir);
      return await readRef(gitDir, ref);
    },
    saveBase: (commit) => writeRef({ gitDir, ref, commit }),
    renew: (remote) =>
      replaceCopy(gitDir, async (incoming) => {
        if ((await remote.seekTip()) === null) return null;
        const commit = await remote.fetchInto(incoming, { limits: ownStatusLimits, depth: historyDepth });
        await writeRef({ gitDir: incoming, ref, commit });
        return commit;
      }),
  };
}
