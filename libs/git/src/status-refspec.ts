import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { fetchApart } from "./fetch-apart.ts";
import { PackLimitError, gitError } from "./git-error.ts";
import { noRepository } from "./read-commit.ts";
import { readStatusRef, statusPrefixes } from "./status-ref.ts";
import { fetchOptions, runGit } from "./system-git.ts";
import type { SystemGitEnd } from "./system-git.ts";

export interface StatusRemoteInput {
  /** A user's clone, or a folder in it. */
  repository: string;
  /** The name of a remote, such as `origin`. */
  remote: string;
  /** Of each call of Git. */
  timeoutMs?: number;
  /** Ends the call of Git that is at work, as a timeout. */
  signal?: AbortSignal;
}

/** A node whose status was not fetched, and its ref. */
export interface LeftOut {
  environment: string;
  node: string;
  /** The ref's name on the remote. */
  ref: string;
}

const defaultTimeoutMs = 60_000;

/**
 * Fetches the statuses of all nodes into a clone, and with them the branches that the clone follows, which say what the
 * nodes should be at. Uses the clone's own Git configuration to reach the remote, and never asks for a password. Refs
 * that are gone on the remote are removed here too. Returns the nodes whose refs were too large to be fetched. Throws
 * K2001 when nothing can be fetched, K2004 when there is no such clone or remote, K2005 and K2010.
 */
export async function fetchStatusRefs(input: StatusRemoteInput): Promise<LeftOut[]> {
  const { remote } = input;
  const all = allBranches(remote);
  const isFollowed = (await readRefspecs(input)).includes(all);
  const [notes, branches] = statusRefspecs(remote);
  try {
    await fetchRefspecs(input, ["--prune", "--", remote, notes, isFollowed ? all : branches]);
    return [];
  } catch (error) {
    if (!(error instanceof PackLimitError)) throw error;
    return await fetchEach(input, isFollowed ? [all, `^${statusPrefixes.branch}*`] : []);
  }
}

/**
 * Whether nodes push their statuses to this very repository: it has some, and the remote has none. A fetch would then remove
 * them. Throws K2001, K2004 when there is no such remote, K2005 and K2010.
 */
export async function receivesStatuses(input: StatusRemoteInput): Promise<boolean> {
  const own = await run(input, ["for-each-ref", "--count=1", "--format=%(refname)", statusPrefixes.notes]);
  if (own.stdout.length === 0) return false;
  if ((await run(input, ["remote"])).stdout.length === 0) return true;
  await readRefspecs(input);
  return (await listRemoteStatuses(input)).length === 0;
}

async function listRemoteStatuses(input: StatusRemoteInput): Promise<string[]> {
  const { remote } = input;
  const listed = await run(input, ["ls-remote", "--quiet", "--refs", "--", remote, ...statusPatterns]);
  if (listed.exitCode !== 0) throw notFetched(remote, listed);
  return linesOf(listed)
    .map((line) => line.split("\t")[1] ?? "")
    .filter((ref) => readStatusRef(ref) !== null);
}

/** Fetches all refs but those that are too large. */
async function fetchEach(input: StatusRemoteInput, branches: readonly string[]): Promise<LeftOut[]> {
  const { remote } = input;
  const refs = await listRemoteStatuses(input);
  if (branches.length > 0) await fetchRefspecs(input, ["--", remote, ...branches]);
  const left = await fetchApart(refs, {
    fetch: (some) =>
      fetchRefspecs(input, ["--", remote, ...some.map((ref) => `+${ref}:${ownName(ref, remote)}`)]),
  });
  return left.flatMap((ref) => {
    const place = readStatusRef(ref);
    return place === null ? [] : [{ environment: place.environment, node: place.node, ref }];
  });
}

const statusPatterns = Object.values(statusPrefixes).map((prefix) => `${prefix}*`);

/** The name in the clone of a ref of the remote. */
function ownName(ref: string, remote: string): string {
  return ref.replace(/^refs\/heads\//, `refs/remotes/${remote}/`);
}

async function fetchRefspecs(input: StatusRemoteInput, args: readonly string[]): Promise<void> {
  const end = await run(input, ["fetch", ...fetchOptions, ...args]);
  if (end.exitCode !== 0) throw notFetched(input.remote, end);
}

function notFetched(remote: string, end: SystemGitEnd) {
  const message = `the statuses cannot be fetched from ${remote}`;
  const hint = `Run git fetch ${remote} in the clone: it must work without asking for anything.`;
  return gitError("K2001", { message, hint, cause: end.complaint });
}

/**
 * Makes every later `git fetch` of a clone bring the statuses, so that `git log --notes='keelson/*'` shows them.
 * Returns whether it had to add anything. Throws K2004 when there is no such clone or remote, K2005, K2010, K2012.
 */
export async function configureStatusRefspec(input: StatusRemoteInput): Promise<boolean> {
  const { remote } = input;
  const present = await readRefspecs(input);
  const all = allBranches(remote);
  const missing = statusRefspecs(remote).filter((refspec) => {
    if (present.includes(refspec)) return false;
    return !(refspec.startsWith(`+${statusPrefixes.branch}`) && present.includes(all));
  });
  for (const refspec of missing) {
    const end = await run(input, ["config", "--local", "--add", `remote.${remote}.fetch`, refspec]);
    if (end.exitCode !== 0) {
      const message = `the configuration of ${input.repository} cannot be written`;
      throw gitError("K2012", { message, cause: end.complaint });
    }
  }
  return missing.length > 0;
}

/** The refspec that Git itself gives a clone. */
function allBranches(remote: string): string {
  return `+refs/heads/*:refs/remotes/${remote}/*`;
}

function statusRefspecs(remote: string): [notes: string, branches: string] {
  const { notes, branch } = statusPrefixes;
  return [`+${notes}*:${notes}*`, `+${branch}*:refs/remotes/${remote}/keelson/status/*`];
}

/** The refspecs of a remote. Throws K2004 when there is no such clone or remote. */
async function readRefspecs(input: StatusRemoteInput): Promise<string[]> {
  const { repository, remote } = input;
  const remotes = await run(input, ["remote"]);
  if (remotes.exitCode !== 0) throw noRepository(repository, remotes.complaint);
  // Git would also accept a URL or an option in this place.
  if (remote === "" || remote.startsWith("-") || !linesOf(remotes).includes(remote)) {
    throw gitError("K2004", {
      message: `${repository} has no remote ${JSON.stringify(remote)}`,
      hint:
        remotes.stdout.length === 0
          ? `Add it: git remote add ${remote} URL. Statuses are fetched from there.`
          : "Name one of the remotes that git remote lists.",
    });
  }
  return linesOf(await run(input, ["config", "--get-all", `remote.${remote}.fetch`]));
}

function linesOf(end: SystemGitEnd): string[] {
  return end.stdout.toString("utf8").split("\n");
}

/** Another Git may be at work in a user's clone, and it ends soon. A lock that one left behind stays. */
const mostTries = 8;
const longestPauseMs = 500;
/** What Git says of a ref or a configuration that another Git works on, or has just changed. */
const heldByOther = /cannot lock ref|could not lock config file|\.lock': File exists/;

async function run(input: StatusRemoteInput, args: readonly string[]): Promise<SystemGitEnd> {
  for (let tries = 1; ; tries++) {
    const end = await runOnce(input, args);
    const isHeld = end.exitCode !== 0 && heldByOther.test(end.said);
    if (!isHeld || tries >= mostTries || input.signal?.aborted === true) return end;
    // By chance, so that two that met do not meet again.
    await sleep(Math.random() * longestPauseMs);
  }
}

async function runOnce(input: StatusRemoteInput, args: readonly string[]): Promise<SystemGitEnd> {
  const { timeoutMs = defaultTimeoutMs, signal } = input;
  const at = ["-C", resolve(input.repository)];
  const ending = signal === undefined ? {} : { signal };
  return await runGit({ at, args, timeoutMs, configuration: "user", transport: "of-user", ...ending });
}
