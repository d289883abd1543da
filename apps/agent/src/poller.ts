import { isDeepStrictEqual } from "node:util";

import {
  type EnginePoll,
  type PolledContainer,
  type PolledEvent,
  openEnginePoll,
} from "@keelson/engine/poll";
import { type RefPoll, type RefPollInput, openRefPoll } from "@keelson/git/poll";

import { findArrivals } from "./arrival.ts";
import { type SeenContainers, findChanged, keepWaiting, seeContainers } from "./container-changes.ts";
import type { Log } from "./log-event.ts";
import type { Trigger } from "./next-round.ts";
import { openPause } from "./pause.ts";
import { type RestartBackoff, openRestartBackoff } from "./restart-backoff.ts";
import { type RoundSummary, type WatchTarget, isPollable } from "./round-summary.ts";

const engineTimeoutMs = 30_000;
/** A silent Git server must not delay the repair of containers. */
const gitPatienceMs = 2_000;

/** The only trigger that may come again while its cause lasts: the containers' own back-off limits it. */
export const containersChanged = "containers changed";

export interface PollerInput {
  log: Log;
  onPollFailure: (target: "git" | "engine") => void;
}

/** Polls one branch and one engine, with one request to each, over connections that are kept. */
export interface Poller extends PollerInput {
  /** null: a branch that only a round can poll. */
  git: RefPoll | null;
  gitInput: RefPollInput;
  /** How long a poll waits for Git. */
  gitPatienceMs: number;
  engine: EnginePoll;
  environment: string;
  isClosed: boolean;
  isGitAway: boolean;
  /** The poll of Git that is under way; there is one at a time. */
  gitPoll: Promise<string | null> | null;
  /** When the last poll of Git began, by the monotonic clock. */
  gitPolledMs: number;
  /** The commit that a poll of Git has found, and `findTrigger` has not compared yet: Git may answer late. */
  foundCommit: string | null;
  /** What the last poll of Git found, and when; null when it failed. */
  known: { commit: string; atMs: number } | null;
  /** The containers as the last poll saw them, or as one before it where they are in back-off; null before the first. */
  seen: SeenContainers | null;
  backoff: RestartBackoff;
  /** Triggers that have started a round already and still hold. */
  spentTriggers: Set<string>;
}

export function openPoller({ git, environment, dockerHost }: WatchTarget, input: PollerInput): Poller {
  const engine = openEnginePoll({
    timeoutMs: engineTimeoutMs,
    ...(dockerHost === undefined ? {} : { dockerHost }),
  });
  return {
    ...input,
    git: isPollable(git.url) ? openRefPoll(git) : null,
    gitInput: git,
    gitPatienceMs,
    engine,
    environment,
    isClosed: false,
    isGitAway: false,
    gitPoll: null,
    gitPolledMs: -Infinity,
    foundCommit: null,
    known: null,
    seen: null,
    backoff: openRestartBackoff(),
    spentTriggers: new Set(),
  };
}

export function closePoller(poller: Poller): void {
  poller.isClosed = true;
  poller.git?.close();
  poller.engine.close();
}

/** Polls Git with this login from now on. A command may print another login each time, so nothing else is forgotten. */
export function changeLogin(poller: Poller, credential: RefPollInput["credential"]): void {
  const { git, gitInput } = poller;
  if (git === null || isDeepStrictEqual(credential, gitInput.credential)) return;
  poller.gitInput = { ...gitInput, credential };
  poller.git = openRefPoll(poller.gitInput);
  git.close();
}

/** Whether an event is of a container in restart back-off, or of a network that such a container left or joined. */
export function isInBackoff(
  { backoff, seen }: Poller,
  { name, containerId }: Pick<PolledEvent, "name" | "containerId">,
): boolean {
  const container = containerId === null ? name : seen?.get(containerId)?.name;
  return container !== undefined && backoff.isWaiting(container, performance.now());
}

/**
 * Polls once. Returns what triggers a round by rules 2 to 5 of next-round.ts; null when everything is as the last round left
 * it. `isFirst`: it is the first poll after that round.
 */
export async function findTrigger(
  poller: Poller,
  { summary, isFirst }: { summary: RoundSummary; isFirst: boolean },
): Promise<Trigger | null> {
  const askedMs = performance.now();
  const branchTip = awaitGit(poller, isFirst);
  const now = await pollEngine(poller, summary);
  const answeredMs = performance.now();
  const changed = compareContainers(poller, { summary, isFirst, now, askedMs, answeredMs });
  const arrivals = now === null ? [] : await findArrivals(poller.engine, summary.awaits);
  // What can be done at once does not wait for Git: the round asks Git itself.
  const commit = changed.length > 0 || arrivals.length > 0 ? null : await branchTip;
  const isMoved = commit !== null && commit !== summary.commit;
  const anew = [...(isMoved ? [`commit ${commit.slice(0, 8)}`] : []), ...arrivals];
  const triggers = [
    ...anew,
    ...listEngineTriggers(now, summary),
    ...(changed.length > 0 ? [containersChanged] : []),
  ];
  poller.spentTriggers = new Set([...poller.spentTriggers].filter((name) => triggers.includes(name)));
  const isOpen = (name: string) =>
    !poller.spentTriggers.has(name) && !poller.backoff.isWaiting(name, performance.now());
  const name = triggers.find(isOpen);
  if (name === undefined) return null;
  if (name !== containersChanged) poller.spentTriggers.add(name);
  // A port that is free for an instant again and again must not trigger rounds without end.
  if (arrivals.includes(name)) poller.backoff.noteChanges([name], performance.now());
  if (name === containersChanged) poller.backoff.noteChanges(changed, performance.now());
  return { name, isAnew: anew.includes(name) };
}

function listEngineTriggers(
  now: readonly PolledContainer[] | null,
  { isEngineAway }: RoundSummary,
): string[] {
  if (now === null) return isEngineAway ? [] : ["the engine does not answer"];
  return isEngineAway ? ["the engine answers again"] : [];
}

/** Names of the containers that changed, without those in restart back-off. */
function compareContainers(
  poller: Poller,
  poll: {
    summary: RoundSummary;
    isFirst: boolean;
    now: readonly PolledContainer[] | null;
    askedMs: number;
    answeredMs: number;
  },
): string[] {
  const { now, isFirst, askedMs, answeredMs } = poll;
  const { containers, operationCount } = poll.summary;
  if (now === null || containers === null) return [];
  const seen = seeContainers(now, { containers, askedMs, answeredMs });
  // The first poll of all has nothing to compare with: the round before it has seen everything.
  const before = poller.seen ?? seen;
  // The round itself may have started what it found.
  const isStartChange = !isFirst || operationCount === 0;
  const isWaiting = (name: string) => poller.backoff.isWaiting(name, answeredMs);
  poller.seen = keepWaiting(seen, { before, isWaiting });
  return findChanged(now, { containers, before, seen, isStartChange }).filter((name) => !isWaiting(name));
}

/** The commit that Git names soon; null otherwise. A later answer counts in the next poll. */
async function awaitGit(poller: Poller, isFirst: boolean): Promise<string | null> {
  // A commit that was found before the round may be older than what the round fetched.
  if (isFirst) poller.foundCommit = null;
  const patience = openPause();
  void pollGit(poller).then((commit) => {
    poller.foundCommit = commit;
    patience.end();
  });
  await patience.rest(poller.gitPatienceMs);
  const { foundCommit } = poller;
  poller.foundCommit = null;
  return foundCommit;
}

/** Git failed to answer the last poll, or keeps one waiting. */
export function isGitSilent(poller: Poller): boolean {
  const { isGitAway, gitPoll, gitPolledMs } = poller;
  return isGitAway || (gitPoll !== null && performance.now() - gitPolledMs >= poller.gitPatienceMs);
}

/** The commit that the branch is at; null when Git does not answer or cannot be polled. */
export async function pollGit(poller: Poller): Promise<string | null> {
  const { git } = poller;
  if (git === null) return null;
  if (poller.gitPoll === null) {
    poller.gitPolledMs = performance.now();
    poller.gitPoll = requestTip(poller, git).finally(() => {
      poller.gitPoll = null;
    });
  }
  return poller.gitPoll;
}

async function requestTip(poller: Poller, git: RefPoll): Promise<string | null> {
  try {
    const commit = await git.poll();
    if (poller.isGitAway) poller.log({ level: "info", event: "git-back", message: "Git answers again" });
    poller.isGitAway = false;
    poller.known = { commit, atMs: performance.now() };
    return commit;
  } catch (error) {
    if (poller.isClosed || poller.git !== git) return null;
    poller.known = null;
    // It triggers no round: the last revision goes on, and the next round tells the status of it.
    poller.onPollFailure("git");
    if (!poller.isGitAway) poller.log({ level: "warn", event: "git-away", ...describe(error) });
    poller.isGitAway = true;
    return null;
  }
}

function describe(error: unknown): { message: string; code?: string } {
  const message = `Git does not answer: ${error instanceof Error ? error.message : String(error)}`;
  const code = error instanceof Error && "code" in error ? { code: String(error.code) } : {};
  return { message, ...code };
}

async function pollEngine(
  poller: Poller,
  { containers }: RoundSummary,
): Promise<readonly PolledContainer[] | null> {
  try {
    return await poller.engine.list({
      environment: poller.environment,
      isOwn: (id) => containers !== null && Object.hasOwn(containers, id),
    });
  } catch {
    if (poller.isClosed) return null;
    poller.onPollFailure("engine");
    return null; // the round that this triggers tells the cause
  }
}
