import { type Follow, KeelsonError } from "@keelson/model";

import type { CommitReader, CommitSummary } from "./commit-reader.ts";
import { checkFollow, checkRefused, refusedCommit } from "./follow.ts";
import { DamageError, isSystemError } from "./git-error.ts";
import {
  countPacks,
  dropTip,
  maxPacks,
  readRef,
  refusedRef,
  removeUnfinished,
  replaceCopy,
  restoreCopy,
  tipRef,
  writeRef,
} from "./local-copy.ts";
import { sourceLimits } from "./pack-limits.ts";
import { rememberRefused } from "./refused-step.ts";
import type { Remote } from "./remote.ts";

export interface TrackedCopyInput {
  remote: Remote;
  gitDir: string;
  branch: string;
  follow: Follow;
}

/** A commit of the copy that has been read. */
export interface Held {
  commit: string;
  summary: CommitSummary;
  reader: CommitReader;
  fetched: boolean;
}

/**
 * Brings the copy to what the branch is at, if that may be followed; otherwise its tip stays where it was. Fetches only
 * when the copy does not have the commit that the server has just named.
 */
export async function bringCopyTo(advertised: string, copy: TrackedCopyInput): Promise<Held> {
  const { gitDir, branch, follow } = copy;
  await restoreCopy(gitDir);
  await checkRefused({ gitDir, branch, commit: advertised, ...follow });
  try {
    return await bring(advertised, copy);
  } catch (error) {
    const commit = refusedCommit(error);
    if (commit !== null) await rememberRefused({ gitDir, branch, commit, ...follow });
    throw error;
  }
}

async function bring(advertised: string, copy: TrackedCopyInput): Promise<Held> {
  const { gitDir } = copy;
  const held = [await readRef(gitDir, tipRef), await readRef(gitDir, refusedRef)];
  if (held.every((commit) => commit === null)) return await copyAnew(copy);
  try {
    if (held.includes(advertised)) return { ...(await take(advertised, copy)), fetched: false };
    await removeUnfinished(gitDir);
    return await renewWorn(await update(copy), copy);
  } catch (error) {
    if (isIncomplete(error)) return await copyAnew(copy);
    throw error;
  }
}

/** Either the copy is damaged or what the server sent: a new copy shows which. */
function isIncomplete(error: unknown): boolean {
  return error instanceof DamageError || (error instanceof KeelsonError && error.code === "K2015");
}

async function update(copy: TrackedCopyInput): Promise<Held> {
  const commit = await copy.remote.fetchInto(copy.gitDir, { limits: sourceLimits });
  return { ...(await take(commit, copy)), fetched: true };
}

async function copyAnew(copy: TrackedCopyInput): Promise<Held> {
  const { gitDir } = copy;
  const isFollowing = (await readRef(gitDir, tipRef)) !== null;
  const end = await replaceCopy(gitDir, async (incoming) => {
    try {
      return await update({ ...copy, gitDir: incoming });
    } catch (error) {
      // The refused commit came whole. Keep the new copy, unless the old one still has the commit followed last.
      if (refusedCommit(error) === null || isFollowing) throw error;
      return { error };
    }
  });
  if ("error" in end) throw end.error;
  return { ...(await open(end.commit, copy)), fetched: true };
}

/**
 * A copy only grows, so a new one takes its place after every 40 fetches. That needs the whole history again: where it
 * cannot be fetched, the old copy stays in use, and the next attempt comes 40 fetches later.
 */
async function renewWorn(held: Held, copy: TrackedCopyInput): Promise<Held> {
  try {
    if ((await countPacks(copy.gitDir)) % maxPacks !== 0) return held;
    // The branch may have moved meanwhile, and only forward.
    return await copyAnew({ ...copy, follow: { after: held.commit, accepted: null } });
  } catch (error) {
    if (error instanceof KeelsonError || isSystemError(error)) return held;
    throw error;
  }
}

/** Follows a commit that the copy has, if that is permitted. */
async function take(commit: string, copy: TrackedCopyInput): Promise<Omit<Held, "fetched">> {
  const { gitDir, branch, follow } = copy;
  const opened = await open(commit, copy);
  try {
    await checkFollow({ gitDir, branch, commit, ...follow });
  } catch (error) {
    if (refusedCommit(error) !== null) await setAside(commit, gitDir);
    throw error;
  }
  await writeRef({ gitDir, ref: tipRef, commit });
  return opened;
}

async function setAside(commit: string, gitDir: string): Promise<void> {
  await writeRef({ gitDir, ref: refusedRef, commit });
  // An administrator may have put this copy there. A refused commit must not be read as the one followed last.
  if ((await readRef(gitDir, tipRef)) === commit) await dropTip(gitDir);
}

/** Reads the commit, which proves that it is there and is a commit. */
async function open(commit: string, { remote, gitDir }: TrackedCopyInput): Promise<Omit<Held, "fetched">> {
  const reader = remote.openReader(gitDir, commit);
  return { commit, reader, summary: await reader.readSummary() };
}
