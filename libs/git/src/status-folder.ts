import { digestValue } from "@keelson/model";

import { PackLimitError } from "./git-error.ts";
import { makeEmptyCopy, readRef, replaceCopy, restoreCopy, writeRef } from "./local-copy.ts";
import { ownStatusLimits } from "./pack-limits.ts";
import type { Remote } from "./remote.ts";
import { locateSource } from "./source-location.ts";
import { keepDiskFailure, openStatusReader } from "./status-reader.ts";

export interface StatusFolderInput {
  /** A small bare repository that nothing else uses, made when it is missing. One caller at a time. */
  gitDir: string;
  /** The repository for statuses, in the form of a source's URL. */
  url: string;
  /** The node's ref in it. */
  ref: string;
}

/** What a node's ref is at, as far as the node knows. */
export interface StatusBase {
  /** The commit that the next status follows; null while there is no ref. */
  tip: string | null;
  /** The commit whose status the node has: the tip, or the node's own last one, after which something else wrote. */
  known: string | null;
}

/** The folder in which a node keeps its own ref of a server. */
export interface StatusFolder {
  /** What the ref was at when the node last wrote or fetched it; null when that is not known. */
  readBase: () => Promise<StatusBase | null>;
  saveBase: (commit: string) => Promise<void>;
  /**
   * Asks what the ref is at now, and makes the folder anew from it. Where the ref holds no status, or one over the
   * limits, the folder stays as it was: the next status can follow without the content of the one before it.
   */
  renew: (remote: Remote) => Promise<StatusBase>;
}

/**
 * The first depth is enough to find the newest notes; the server keeps the rest. The second takes the tip alone, for a
 * ref where something large was written below the tip.
 */
const historyDepths = [64, 1];

/**
 * Opens the folder for one ref of one URL. The name of the folder's own ref has both: when agent.yaml names another URL
 * or form, that ref is missing, and the folder is made anew.
 */
export function openStatusFolder({ gitDir, url, ref: ownRef }: StatusFolderInput): StatusFolder {
  const ref = `refs/heads/${digestValue({ url: locateSource(url).name, ref: ownRef })}`;

  const fetchTip = async (remote: Remote, depth: number): Promise<string | null> =>
    await replaceCopy(gitDir, async (incoming) => {
      const commit = await remote.fetchInto(incoming, { limits: ownStatusLimits, depth });
      const status = await openStatusReader(incoming)({ ref: ownRef, oid: commit }).catch(keepDiskFailure);
      if (status === null || status.json === "") throw new NoStatus();
      await writeRef({ gitDir: incoming, ref, commit });
      return commit;
    });

  const seek = async (remote: Remote): Promise<string | null> => {
    for (const depth of historyDepths) {
      try {
        return await fetchTip(remote, depth);
      } catch (error) {
        if (error instanceof NoStatus) return null;
        if (!(error instanceof PackLimitError)) throw error;
      }
    }
    return null;
  };

  /** The last commit that the node wrote; null when it cannot be read. */
  const readKnown = async (): Promise<string | null> => {
    const known = await readRef(gitDir, ref);
    if (known === null) return null;
    const status = await openStatusReader(gitDir)({ ref: ownRef, oid: known }).catch(keepDiskFailure);
    return status === null ? null : known;
  };

  return {
    readBase: async () => {
      await restoreCopy(gitDir);
      const commit = await readRef(gitDir, ref);
      return commit === null ? null : { tip: commit, known: commit };
    },
    saveBase: (commit) => writeRef({ gitDir, ref, commit }),
    renew: async (remote) => {
      const tip = await remote.seekTip();
      const commit = tip === null ? null : await seek(remote);
      if (commit !== null) return { tip: commit, known: commit };
      const known = tip === null ? null : await readKnown();
      if (known === null) await makeEmptyCopy(gitDir);
      return { tip, known };
    },
  };
}

/** The ref holds something else than a status. */
class NoStatus extends Error {}
