import { isDeepStrictEqual } from "node:util";

import {
  type EnginePoll,
  type PolledContainer,
  type PolledEvent,
  openEnginePoll,
} from "@keelson/engine/poll";
import { type RefPoll, type RefPollInput, openRefPoll } from "@keelson/git/poll";

import type { Log } from "./log-event.ts";
import { type SeenContainers, findChanged, seeContainers } from "./look-containers.ts";
import { type Unrest, openUnrest } from "./look-unrest.ts";
import { openPause } from "./pause.ts";
import type { WatchTarget, RoundSummary } from "./round-summary.ts";

const engineTimeoutMs = 30_000;
/** How long a look waits for Git: a server that is silent must not keep the containers from being looked after. */
const patienceMs = 2_000;

/** The reason that may come again and again from one container that does not settle. */
export const containersChanged = "containers changed";

export interface LookInput {
  log: Log;
  onPollFailure: (of: "git" | "engine") => void;
}

/** One branch and one engine, asked again and again: one request to each, on kept connections. */
export interface Look extends LookInput {
  /** null: this kind of source cannot be asked without Git's own program. */
  git: RefPoll | null;
  gitInput: RefPollInput;
  engine: EnginePoll;
  environment: string;
  isClosed: boolean;
  isGitAway: boolean;
  /** A poll that is under way: there is one at a time. */
  asking: Promise<string | null> | null;
  /** When the last poll began, by the monotonic clock. */
  askedGitMs: number;
  /** What a poll has answered and no look has taken yet. */
  heard: string | null;
  /** What the last poll answered, and when; null when it failed. */
  known: { commit: string; atMs: number } | null;
  /** What the last look showed, but for what is left to settle; null before the first. */
  seen: SeenContainers | null;
  /** Containers that ask for rounds again and again. */
  unrest: Unrest;
  /** Reasons for which a round was asked already, and which are still there. */
  answered: Set<string>;
}

export function openLook(follow: WatchTarget, on: LookInput): Look {
  const { git, environment, dockerHost } = follow;
  const engine = openEnginePoll({
    timeoutMs: engineTimeoutMs,
    ...(dockerHost === undefined ? {} : { dockerHost }),
  });
  return {
    ...on,
    git: /^https?:\/\//i.test(git.url) ? openRefPoll(git) : null,
    gitInput: git,
    engine,
    environment,
    isClosed: false,
    isGitAway: false,
    asking: null,
    askedGitMs: -Infinity,
    heard: null,
    known: null,
    seen: null,
    unrest: openUnrest(),
    answered: new Set(),
  };
}

export function closeLook(look: Look): void {
  look.isClosed = true;
  look.git?.close();
  look.engine.close();
}

/** A login that a command makes may be another one each time: nothing else of the look depends on it. */
export function changeLogin(look: Look, credential: RefPollInput["credential"]): void {
  const { git, gitInput } = look;
  if (git === null || isDeepStrictEqual(credential, gitInput.credential)) return;
  look.gitInput = { ...gitInput, credential };
  look.git = openRefPoll(look.gitInput);
  git.close();
}

/** What rests wakes nobody, nor do the networks that it leaves. */
export function isResting(
  { unrest, seen }: Look,
  { name, containerId }: Pick<PolledEvent, "name" | "containerId">,
): boolean {
  const resting = containerId === null ? name : seen?.get(containerId)?.name;
  return resting !== undefined && unrest.isResting(resting, performance.now());
}

/**
 * Why a round is needed; null when everything is as the last round left it. What a round could not take away is no news:
 * its back-off says when the next one comes. Only containers may ask again and again, each after a rest of its own.
 */
export async function findNews(
  look: Look,
  { report, isFirst }: { report: RoundSummary; isFirst: boolean },
): Promise<string | null> {
  const askedMs = performance.now();
  const hearing = hearGit(look, isFirst);
  const now = await askEngine(look);
  const answeredMs = performance.now();
  const changed = compareContainers(look, { report, isFirst, now, askedMs, answeredMs });
  // What stopped is not left waiting for Git: the round asks it itself.
  const commit = changed.length > 0 ? null : await hearing;
  const isMoved = commit !== null && commit !== report.commit;
  const reasons = [
    ...(isMoved ? [`commit ${commit.slice(0, 8)}`] : []),
    ...engineReasons(now, report),
    ...(changed.length > 0 ? [containersChanged] : []),
  ];
  look.answered = new Set([...look.answered].filter((reason) => reasons.includes(reason)));
  const news = reasons.find((reason) => !look.answered.has(reason)) ?? null;
  if (news !== null && news !== containersChanged) look.answered.add(news);
  if (news === containersChanged) look.unrest.note(changed, performance.now());
  return news;
}

function engineReasons(now: readonly PolledContainer[] | null, { containers }: RoundSummary): string[] {
  if (now === null) return containers === null ? [] : ["the engine does not answer"];
  return containers === null ? ["the engine answers again"] : [];
}

/** Names of the containers that are not as they were, without those that are left to settle: their time comes. */
function compareContainers(
  look: Look,
  on: {
    report: RoundSummary;
    isFirst: boolean;
    now: readonly PolledContainer[] | null;
    askedMs: number;
    answeredMs: number;
  },
): string[] {
  const { now, askedMs, answeredMs } = on;
  const { containers, operationCount } = on.report;
  if (now === null || containers === null) return [];
  const seen = seeContainers(now, { containers, askedMs, answeredMs });
  // Before the first look there is nothing to compare with: that round has seen it all.
  const before = look.seen ?? seen;
  const isRestartNews = !on.isFirst || operationCount === 0;
  const isResting = (name: string) => look.unrest.isResting(name, answeredMs);
  look.seen = keepResting(seen, { before, isResting });
  return findChanged(now, { containers, before, seen, isRestartNews }).filter((name) => !isResting(name));
}

/** What rests stays as it was seen, so that it is news afterwards. */
function keepResting(
  seen: SeenContainers,
  { before, isResting }: { before: SeenContainers; isResting: (name: string) => boolean },
): SeenContainers {
  const kept = [...before].filter(([, { name }]) => isResting(name));
  return new Map([...[...seen].filter(([, { name }]) => !isResting(name)), ...kept]);
}

/** What Git says soon; what it says later counts in the next look. */
async function hearGit(look: Look, isFirst: boolean): Promise<string | null> {
  // What was said before the round may be older than what the round fetched.
  if (isFirst) look.heard = null;
  const patience = openPause();
  void askGit(look).then((commit) => {
    look.heard = commit;
    patience.end();
  });
  await patience.rest(patienceMs);
  const { heard } = look;
  look.heard = null;
  return heard;
}

/** Git failed to answer, or keeps a poll waiting: who has something to fall back on need not wait for it again. */
export function isGitSilent({ isGitAway, asking, askedGitMs }: Look): boolean {
  return isGitAway || (asking !== null && performance.now() - askedGitMs >= patienceMs);
}

/** The commit that the branch is at; null when that cannot be told now. */
export async function askGit(look: Look): Promise<string | null> {
  const { git } = look;
  if (git === null) return null;
  if (look.asking === null) {
    look.askedGitMs = performance.now();
    look.asking = pollGit(look, git).finally(() => {
      look.asking = null;
    });
  }
  return look.asking;
}

async function pollGit(look: Look, git: RefPoll): Promise<string | null> {
  try {
    const commit = await git.poll();
    if (look.isGitAway) look.log({ level: "info", event: "git-back", message: "Git answers again" });
    look.isGitAway = false;
    look.known = { commit, atMs: performance.now() };
    return commit;
  } catch (error) {
    if (look.isClosed || look.git !== git) return null;
    look.known = null;
    // What runs is kept as it is by the last revision; the round that comes next in any case reports it.
    look.onPollFailure("git");
    if (!look.isGitAway) look.log({ level: "warn", event: "git-away", ...describe(error) });
    look.isGitAway = true;
    return null;
  }
}

function describe(error: unknown): { message: string; code?: string } {
  const message = `Git does not answer: ${error instanceof Error ? error.message : String(error)}`;
  const code = error instanceof Error && "code" in error ? { code: String(error.code) } : {};
  return { message, ...code };
}

async function askEngine(look: Look): Promise<readonly PolledContainer[] | null> {
  try {
    return await look.engine.list({ environment: look.environment });
  } catch {
    if (look.isClosed) return null;
    look.onPollFailure("engine");
    return null; // a round says why, and reports that the state is unknown
  }
}
