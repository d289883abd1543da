import { digestValue } from "@keelson/model";

import { PackLimitError } from "./git-error.ts";
import { makeEmptyCopy, readRef, replaceCopy, restoreCopy, writeRef } from "./local-copy.ts";
import { ownStatusLimits } from "./pack-limits.ts";
import type { Remote } from "./remote.ts";
import { locateSource } from "./source-location.ts";
import { keepDiskFailure, openStatusReader } from "./status-reader.ts";

export interface StatusFolderInput {
  /** A small bare repository for this alone, made when it is missing. One caller at a time. */
  gitDir: string;
  /** Where statuses go, like the URL of a source. */
  url: string;
  /** The node's ref there. */
  ref: string;
}

/** What a node's ref is at. */
export interface StatusBase {
  /** The commit that the next one follows; null while there is no ref. */
  tip: string | null;
  /** The one whose status the node knows: the tip, or what it wrote last before something else wrote there. */
  known: string | null;
}

/** What a node knows of its own ref on a server. */
export interface StatusFolder {
  /** What the ref was at when the node last wrote or fetched it; null when that is not known. */
  readBase: () => Promise<StatusBase | null>;
  saveBase: (commit: string) => Promise<void>;
  /**
   * Asks what the ref is at now, and makes the folder anew with it. Where that is no status, or over the limits of one,
   * the folder stays as it was: nothing of it is needed to write the next one after it.
   */
  renew: (remote: Remote) => Promise<StatusBase>;
}

/**
 * Enough to know which notes are the newest; the server keeps the rest. Where something else wrote below the tip, the
 * tip alone.
 */
const historyDepths = [64, 1];

/**
 * Opens the folder for one place. Its one ref is named by the place: when agent.yaml names another URL or form, the
 * folder knows nothing of that, and is made anew.
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

  /** What the node wrote last, as long as it can be read. */
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

/** The ref holds something else. */
class NoStatus extends Error {}
