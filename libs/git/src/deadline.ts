/** One time limit for all that a call waits for. */
export interface Deadline {
  timeoutMs: number;
  signal: AbortSignal;
  /** What is left, at least 1 ms: a timeout of 0 would be none. */
  leftMs: () => number;
}

/** Starts the time limit. Aborting `signal` ends it sooner. */
export function startDeadline(timeoutMs: number, signal?: AbortSignal): Deadline {
  const endsAt = performance.now() + timeoutMs;
  return {
    timeoutMs,
    signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]),
    leftMs: () => Math.max(1, Math.ceil(endsAt - performance.now())),
  };
}
