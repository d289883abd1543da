import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";

export interface WaitOptions {
  /** Completes "waited … ms for <what>". */
  readonly what: string;
  /** A minute unless told: on a busy machine all takes many times as long, and where all is well it costs nothing. */
  readonly timeoutMs?: number;
}

/** What a check gives: undefined, null and false mean not yet. */
export type Answer<T> = T | undefined | null | false;

const firstPauseMs = 10;
const longestPauseMs = 250;

/**
 * Calls `check` until it returns something other than undefined, null and false, and returns that.
 * A check that throws has not passed yet. Throws after `timeoutMs` with what the last check gave; a check that
 * itself hangs does not keep it longer.
 */
export async function waitFor<T>(
  check: () => Answer<T> | Promise<Answer<T>>,
  { what, timeoutMs = 60_000 }: WaitOptions,
): Promise<T> {
  let last: unknown = "nothing: it still runs";
  const over = new AbortController();
  const timeout = sleep(timeoutMs, undefined, { signal: over.signal }).then(() => {
    const seen = last instanceof Error ? last.message : inspect(last, { depth: 5 });
    throw new Error(`waited ${timeoutMs} ms for ${what}; the last check gave ${seen}`, { cause: last });
  });
  const poll = async () => {
    for (
      let pauseMs = firstPauseMs;
      !over.signal.aborted;
      pauseMs = Math.min(pauseMs * 1.6, longestPauseMs)
    ) {
      try {
        const value = await check();
        if (value !== undefined && value !== null && value !== false) {
          return value;
        }
        last = value;
      } catch (error) {
        last = error;
      }
      await sleep(pauseMs);
    }
    return await timeout;
  };
  try {
    return await Promise.race([poll(), timeout]);
  } finally {
    // The race is decided: that the timer is given up is nobody's error.
    timeout.catch(() => {});
    over.abort();
  }
}
