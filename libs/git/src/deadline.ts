/** The end of all waiting of one call. */
export interface Deadline {
  timeoutMs: number;
  signal: AbortSignal;
  /** At least 1, so that it can serve as a timeout. */
  leftMs: () => number;
}

/** `signal` ends it sooner. */
export function startDeadline(timeoutMs: number, signal?: AbortSignal): Deadline {
  const endsAt = performance.now() + timeoutMs;
  return {
    timeoutMs,
    signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]),
    leftMs: () => Math.max(1, Math.ceil(endsAt - performance.now())),
  };
}
