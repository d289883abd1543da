/** The end of all waiting of one call. */
export interface Deadline {
  timeoutMs: number;
  signal: AbortSignal;
  /** At least 1, so that it can serve as a timeout. */
  leftMs: () => number;
}

export function startDeadline(timeoutMs: number): Deadline {
  const endsAt = performance.now() + timeoutMs;
  return {
    timeoutMs,
    signal: AbortSignal.timeout(timeoutMs),
    leftMs: () => Math.max(1, Math.ceil(endsAt - performance.now())),
  };
}
