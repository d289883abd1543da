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
 * Brings the copy to what the branch is at, if that may be followed; else its tip stays where it was. Fetches only when
 * the copy does not have the commit that the server has just named.
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

/** It cannot be told whether the copy is damaged or what the server sent: a new copy shows it. */
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
      // All of it has come. Only what was followed, if that is still there, is worth more than what is refused.
      if (refusedCommit(error) === null || isFollowing) throw error;
      return { error };
    }
  });
  if ("error" in end) throw end.error;
  return { ...(await open(end.commit, copy)), fetched: true };
}

/**
 * What the copy has taken in stays in it for ever, so now and then a new one takes its place. That needs all history
 * again: where it cannot be had, now or ever, the old copy serves on, and 40 fetches later it is tried again.
 */
async function renewWorn(held: Held, copy: TrackedCopyInput): Promise<Held> {
  try {
    if ((await countPacks(copy.gitDir)) % maxPacks !== 0) return held;
    // The branch may have moved meanwhile.
    return await copyAnew({ ...copy, follow: { after: held.commit, accepted: null } });
  } catch (error) {
    if (error instanceof KeelsonError || isSystemError(error)) return held;
    throw error;
  }
}

/** Makes a commit of the copy the one that is followed. */
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
  // A copy that somebody put there: what is refused must not be read as what was followed last.
  if ((await readRef(gitDir, tipRef)) === commit) await dropTip(gitDir);
}

/** Reading the commit proves that it is there and is one. */
async function open(commit: string, { remote, gitDir }: TrackedCopyInput): Promise<Omit<Held, "fetched">> {
  const reader = remote.openReader(gitDir, commit);
  return { commit, reader, summary: await reader.readSummary() };
}
