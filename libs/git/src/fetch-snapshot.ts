import type { Follow, Snapshot, Source } from "@keelson/model";

import { branchRef } from "./branch-ref.ts";
import { openCopyReader } from "./copy-reader.ts";
import { startDeadline } from "./deadline.ts";
import type { FileLimit } from "./file-set.ts";
import { DamageError } from "./git-error.ts";
import { disownCopy, readRef, restoreCopy, tipRef } from "./local-copy.ts";
import { openRemote } from "./open-remote.ts";
import { bringCopyTo } from "./tracked-copy.ts";
import type { Held } from "./tracked-copy.ts";

export interface FetchSnapshotInput extends FileLimit {
  source: Source;
  /**
   * The node's own bare copy. It is made when it is missing, and made anew when it is damaged. One caller at a time.
   */
  gitDir: string;
  /** For the whole call. Reading files later has the same time again. */
  timeoutMs: number;
  /** The known hosts for ssh, instead of those of the user and the machine. An absolute path. */
  knownHostsFile?: string;
  /** The commits from which the branch may have moved forward. By default it may come from anywhere. */
  follow?: Follow;
}

type CopyInput = Pick<FetchSnapshotInput, "gitDir" | "fileBytes">;

/** A snapshot that was asked for just now. */
export interface FetchedSnapshot extends Snapshot {
  /** True when this call brought objects that were not on the node before. */
  fetched: boolean;
}

const anywhere: Follow = { after: null, accepted: null };

/**
 * Returns the commit that the source's branch is at now, with its whole history in the copy. Asks for the branch
 * first (over HTTP two requests), and fetches only when it has moved.
 *
 * Throws K2001 not reachable, K2002 not authorised, K2003 no such repository or branch, K2005 timed out, K2006 URL,
 * redirect or branch not permitted, K2007 too large, K2009 unexpected answer or damaged objects, K2010 no `git` for a
 * local path, K2012 disk, K2015 history that is incomplete on the server too, K2016 a branch that did not move forward.
 * After each of them the copy is as usable as before, with the commit that was followed last.
 */
export async function fetchSnapshot(input: FetchSnapshotInput): Promise<FetchedSnapshot> {
  const { source, gitDir, timeoutMs, knownHostsFile, follow = anywhere } = input;
  const ref = branchRef(source.branch);
  const deadline = startDeadline(timeoutMs);
  using remote = await openRemote({ ...source, ref, deadline, knownHostsFile });
  const advertised = await remote.findTip();
  const held = await bringCopyTo(advertised, { remote, gitDir, branch: source.branch, follow });
  return { ...snapshotOf(held, { ...input, ref }), fetched: held.fetched };
}

/**
 * Returns the commit that was followed last, from the node's own copy, without asking a server; null when there is no
 * copy. Throws K2009 when the copy is damaged, K2012.
 */
export async function readTracked(of: CopyInput): Promise<Snapshot | null> {
  await restoreCopy(of.gitDir);
  const commit = await readRef(of.gitDir, tipRef);
  return commit === null ? null : openSnapshot({ ...of, commit });
}

/** The same for another commit of the copy; null also when the copy does not have it, or not whole. */
export async function readEarlier(of: CopyInput & { commit: string }): Promise<Snapshot | null> {
  await restoreCopy(of.gitDir);
  try {
    return await openSnapshot(of);
  } catch (error) {
    if (error instanceof DamageError) return null;
    throw error;
  }
}

async function openSnapshot(of: CopyInput & { commit: string }): Promise<Snapshot> {
  const reader = openCopyReader(of);
  const held = { commit: of.commit, reader, summary: await reader.readSummary() };
  return snapshotOf(held, { ...of, ref: tipRef });
}

function snapshotOf(held: Omit<Held, "fetched">, of: CopyInput & { ref: string }): Snapshot {
  const { gitDir, ref } = of;
  const guard = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      // The next round must not find this copy up to date: it makes a new one.
      if (error instanceof DamageError) await disownCopy(gitDir);
      throw error;
    }
  };
  return {
    commit: held.commit,
    ref,
    ...held.summary,
    readFiles: async (paths) => guard(async () => held.reader.readFiles(paths, of)),
    listPaths: async (paths) => guard(async () => held.reader.listPaths(paths)),
  };
}
