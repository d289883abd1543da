import { KeelsonError, type Plan, type Status } from "@keelson/model";

import type { OperationResult } from "./apply-plan.ts";

const shortestRetryMs = 2_000;
const longestRetryMs = 10 * 60_000;
/** A round that nothing asked for: it sees what no poll can, such as files changed by hand. */
const routineMs = 10 * 60_000;

/** What keeps changing while rounds work must not keep them at work. */
const promptRounds = 3;

/**
 * Milliseconds until the next round that nothing else asks for, by what this one came to. What is tried again backs off
 * from 2 s to 10 min; what changed meanwhile (`hasNewWork`) is worked on at once, a few times in a row; what is done, and
 * what waits for a human or a revision, is looked at again with the routine. `chance` (0 to 1) spreads nodes apart.
 */
export function untilNextRoundMs(
  { conditions }: Pick<Status, "conditions">,
  { attempt, chance, hasNewWork }: { attempt: number; chance: number; hasNewWork: boolean },
): number {
  const isRetried = conditions.some(({ type, status }) => type === "Reconciling" && status === "true");
  if (!isRetried) return spread(routineMs, chance);
  const doublings = hasNewWork ? attempt - promptRounds : attempt;
  if (doublings < 0) return 0;
  return spread(Math.min(longestRetryMs, shortestRetryMs * 2 ** Math.min(doublings, 16)), chance);
}

/** Whether all went well in a round, and what is left to do is something else: it came up while the round was at work. */
export function isNewWork(
  results: readonly Pick<OperationResult, "operation" | "outcome">[],
  remaining: Pick<Plan, "operations"> | null,
): boolean {
  if (remaining === null || remaining.operations.length === 0) return false;
  const touched = new Set(results.map(({ operation }) => operation.resource));
  return (
    results.every(({ outcome }) => outcome === "done") &&
    remaining.operations.every(({ resource }) => !touched.has(resource))
  );
}

/**
 * Milliseconds until a report that could not be published is tried again: as long as it has been failing already, so
 * that the time doubles. Infinity when it did not fail, or will not get better by itself.
 */
export function untilRetryMs(error: unknown, on: { since: string; now: Date; chance: number }): number {
  if (error === null || (error instanceof KeelsonError && error.outcome.kind === "stalled")) return Infinity;
  // A clock that was set back makes the beginning look as if it were to come: it is as far away.
  const failingMs = Math.abs(on.now.getTime() - Date.parse(on.since));
  const waitMs = Number.isNaN(failingMs) ? shortestRetryMs : failingMs;
  return spread(Math.min(longestRetryMs, Math.max(shortestRetryMs, waitMs)), on.chance);
}

/** Plus or minus a tenth. */
function spread(ms: number, chance: number): number {
  return Math.round(ms * (0.9 + chance * 0.2));
}
