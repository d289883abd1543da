import type { JobOutcome } from "./job-timer.ts";
import { longestBlindMs, longestRestartMs } from "./next-round.ts";
import type { RoundEnd } from "./round-process.ts";
import type { RoundSummary, WatchSetting } from "./round-summary.ts";
import { type WorkLog, openWorkLog } from "./work-log.ts";

/** How a round ended; `lost`: without a summary. */
export const roundResults = ["ready", "not-ready", "stalled", "lost"] as const;
export type RoundResult = (typeof roundResults)[number];

/** What the watcher has counted since it started, for monitors. */
export interface WatchTally {
  rounds: Record<RoundResult, number>;
  operations: { done: number; failed: number };
  polls: { count: number; durationMs: number };
  pollFailures: { git: number; engine: number };
  /** Changes of state that were told, and those that nobody took in the end. */
  notifications: { told: number; failed: number };
  /** Runs of jobs by a schedule, by how they ended. */
  jobs: Record<JobOutcome, number>;
  /** What the last round read in agent.yaml; null before the first round has told it. */
  setting: WatchSetting | null;
  /** The last round; null before one has ended. */
  last: { result: RoundResult; message: string; durationMs: number; isSuspended: boolean } | null;
  /** A round is changing the node: what the last round told is no longer true. */
  isWorking: boolean;
  work: WorkLog;
  /** By the wall clock; null: no round has ended ready yet. */
  lastReadyAtMs: number | null;
  /** By the monotonic clock: when the watcher's loop last turned, or its round gave a sign of life. */
  turnedMs: number;
}

export function newTally(): WatchTally {
  return {
    rounds: { ready: 0, "not-ready": 0, stalled: 0, lost: 0 },
    operations: { done: 0, failed: 0 },
    polls: { count: 0, durationMs: 0 },
    pollFailures: { git: 0, engine: 0 },
    notifications: { told: 0, failed: 0 },
    jobs: { done: 0, failed: 0, skipped: 0, lost: 0 },
    setting: null,
    last: null,
    isWorking: false,
    work: openWorkLog(),
    lastReadyAtMs: null,
    turnedMs: performance.now(),
  };
}

export function noteWork(tally: WatchTally): void {
  tally.isWorking = true;
}

/** The last round left the node as desired, and no round is changing it. */
export function isReady({ last, isWorking }: WatchTally): boolean {
  return last?.result === "ready" && !isWorking;
}

export function addRound(tally: WatchTally, { summary, loss }: RoundEnd): void {
  const result = resultOf(summary);
  tally.rounds[result]++;
  tally.isWorking = false;
  tally.last = {
    result,
    message: loss?.message ?? summary?.message ?? "",
    durationMs: summary?.durationMs ?? 0,
    isSuspended: summary?.isSuspended ?? tally.last?.isSuspended ?? false,
  };
  tally.operations.done += (summary?.operationCount ?? 0) - (summary?.failedCount ?? 0);
  tally.operations.failed += summary?.failedCount ?? 0;
  if (result === "ready") tally.lastReadyAtMs = Date.now();
}

function resultOf(summary: RoundSummary | null): RoundResult {
  if (summary === null) return "lost";
  if (summary.isReady) return "ready";
  return summary.isStalled ? "stalled" : "not-ready";
}

/** What an engine may take to answer. */
const engineMs = 30_000;

/** For how long the loop has not turned; 0 while that is no longer than twice what the waits of a turn can take. */
export function stuckMs({ setting, turnedMs }: WatchTally, nowMs: number): number {
  if (setting === null) return 0;
  const { intervalMs, git } = setting.target;
  const pauseMs = Math.max(intervalMs, longestBlindMs, longestRestartMs);
  const silentMs = nowMs - turnedMs;
  return silentMs > 2 * (pauseMs + git.timeoutMs + engineMs) ? silentMs : 0;
}
