import { setImmediate } from "node:timers/promises";

/** The longest that the rest of the process waits. */
const sliceMs = 10;

/**
 * The time of one piece of work. A container decides how much there is to read or to remove, and the rest of the process
 * must not wait for that.
 */
export interface Pace {
  /** Whether it has held the event loop long enough. */
  readonly isDue: () => boolean;
  /** Lets the event loop run. */
  readonly rest: () => Promise<void>;
  /** Whether its time is over. */
  readonly isOver: () => boolean;
}

export function newPace(limitMs: number): Pace {
  const endsAt = performance.now() + limitMs;
  let restedAt = performance.now();
  return {
    isDue: () => performance.now() - restedAt > sliceMs,
    rest: async () => {
      await setImmediate();
      restedAt = performance.now();
    },
    isOver: () => performance.now() > endsAt,
  };
}
