import { type Awaited, KeelsonError, type Status } from "@keelson/model";
import { findAwaited } from "@keelson/plan";

import type { RoundOutcome } from "./round-outcome.ts";

export interface NextRoundFacts {
  /** Milliseconds until the retry that the status names; null when there is none. */
  retryMs: number | null;
  /** Milliseconds until the first of the containers that were started again may count as settled; null when none was. */
  settledMs: number | null;
  /** Milliseconds until a round is to stop the container of a run that takes too long; null when none has to. */
  stopRunMs: number | null;
  /** Milliseconds until the next heartbeat of the published status; Infinity when nothing is published. */
  heartbeatMs: number;
  /** How long publishing has been failing; null when it has not, or when a retry is of no use. */
  publishFailingMs: number | null;
  /** What stands in the way of what is left to do, and can be looked for without a round. */
  awaits: Awaited[];
}

/** Nothing while action is withheld: there is nothing to be done sooner. */
export function listAwaited({ desired, observed, remaining, suspension }: RoundOutcome): Awaited[] {
  if (desired === null || observed === null || remaining === null || suspension !== null) return [];
  return findAwaited({ desired, observed, plan: remaining });
}

export function untilSettledMs({
  observed,
  restless,
}: Pick<RoundOutcome, "observed" | "restless">): number | null {
  const own = (observed?.containers ?? []).filter(({ ownership }) => ownership === "ours");
  const unsettled = [...own, ...restless].flatMap(({ settlesInMs }) => settlesInMs ?? []);
  return unsettled.length === 0 ? null : Math.min(...unsettled);
}

export function untilStopMs({ jobs, finishedAt }: Pick<RoundOutcome, "jobs" | "finishedAt">): number | null {
  const times = (jobs ?? []).flatMap(({ stopsAt }) => (stopsAt === null ? [] : [Date.parse(stopsAt)]));
  return times.length === 0 ? null : Math.max(0, Math.min(...times) - finishedAt.getTime());
}

/** Whether another try can help. */
export function isRetryable(error: unknown): boolean {
  return error !== null && !(error instanceof KeelsonError && error.outcome.kind === "stalled");
}

/** How long the status has said that it cannot be published. After a clock was set back, a negative time counts too. */
export function failingMs({ conditions }: Status, now: Date): number {
  const since = conditions.find(({ type }) => type === "Reported")?.since ?? "";
  const ms = Math.abs(now.getTime() - Date.parse(since));
  return Number.isNaN(ms) ? 0 : ms;
}
