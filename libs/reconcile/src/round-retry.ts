import type { Status } from "@keelson/model";

import { isNewWork } from "./new-work.ts";
import type { RetryPolicy, RoundOutcome } from "./round-outcome.ts";

/** The sooner of the retry that was announced before and the one that this round itself needs. */
export function chooseRetry(
  { keptWait, results, remaining, finishedAt }: RoundOutcome,
  { attempt, delayMs }: RetryPolicy,
): { retry: NonNullable<Status["retry"]>; retryMs: number } {
  const others = remaining === null ? null : (keptWait?.withoutIt(remaining) ?? remaining);
  const isNeeded =
    others === null || others.operations.length > 0 || results.some(({ outcome }) => outcome !== "done");
  const keptMs = keptWait === null ? Infinity : Date.parse(keptWait.retry.nextAt) - finishedAt.getTime();
  const ownMs =
    keptWait === null || isNeeded ? delayMs({ hasNewWork: isNewWork(results, others) }) : Infinity;
  if (keptWait !== null && keptMs <= ownMs) {
    return { retry: keptWait.retry, retryMs: Math.max(0, keptMs) };
  }
  const nextAt = new Date(finishedAt.getTime() + ownMs).toISOString();
  return { retry: { attempt: attempt + 1, nextAt }, retryMs: ownMs };
}
