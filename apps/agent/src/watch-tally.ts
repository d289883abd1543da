import type { RoundEnd } from "./round-process.ts";
import type { RoundSummary, WatchSetting } from "./round-summary.ts";

/** How a round ended: `lost` without a report. */
export const roundResults = ["ready", "not-ready", "stalled", "lost"] as const;
export type RoundResult = (typeof roundResults)[number];

/** What the watcher has seen since it started: what monitors are told. */
export interface WatchTally {
  rounds: Record<RoundResult, number>;
  operations: { done: number; failed: number };
  looks: { count: number; durationMs: number };
  pollFailures: { git: number; engine: number };
  /** null: no round has told yet. */
  setting: WatchSetting | null;
  /** null: no round has ended yet. */
  last: { result: RoundResult; message: string; durationMs: number } | null;
  /** A round has something to do: what the last one said is no longer true. */
  isWorking: boolean;
  /** By the wall clock; null: no round has ended ready yet. */
  lastReadyAtMs: number | null;
  /** By the monotonic clock: when the watcher's loop last turned, or its round gave a sign of life. */
  turnedMs: number;
}

export function newTally(): WatchTally {
  return {
    rounds: { ready: 0, "not-ready": 0, stalled: 0, lost: 0 },
    operations: { done: 0, failed: 0 },
    looks: { count: 0, durationMs: 0 },
    pollFailures: { git: 0, engine: 0 },
    setting: null,
    last: null,
    isWorking: false,
    lastReadyAtMs: null,
    turnedMs: performance.now(),
  };
}

export function noteWork(tally: WatchTally): void {
  tally.isWorking = true;
}

/** As far as is known: not while a round changes something. */
export function isReady({ last, isWorking }: WatchTally): boolean {
  return last?.result === "ready" && !isWorking;
}

/** Adds a round by its end. */
export function addRound(tally: WatchTally, { report, loss }: RoundEnd): void {
  const result = resultOf(report);
  tally.rounds[result]++;
  tally.isWorking = false;
  tally.last = {
    result,
    message: loss?.message ?? report?.message ?? "",
    durationMs: report?.durationMs ?? 0,
  };
  tally.operations.done += (report?.operationCount ?? 0) - (report?.failedCount ?? 0);
  tally.operations.failed += report?.failedCount ?? 0;
  if (result === "ready") tally.lastReadyAtMs = Date.now();
}

function resultOf(report: RoundSummary | null): RoundResult {
  if (report === null) return "lost";
  if (report.isReady) return "ready";
  return report.isStalled ? "stalled" : "not-ready";
}

/** The longest that there is nothing to look at, or containers may settle; and that an engine may take to answer. */
const restsMs = 60_000 + 30_000;

/** Milliseconds for which the loop has been silent too long; 0 while it lives. Waits of a turn have known ends. */
export function stuckMs({ setting, turnedMs }: WatchTally, nowMs: number): number {
  if (setting === null) return 0;
  const { intervalMs, git } = setting.follow;
  const silentMs = nowMs - turnedMs;
  return silentMs > 2 * (intervalMs + git.timeoutMs + restsMs) ? silentMs : 0;
}
