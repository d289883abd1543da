/** Longer ones make Node's timers fire at once. */
const longestMs = 2 ** 31 - 1;

/** A wait that can be ended from outside. Timers go by the monotonic clock. */
export interface Pause {
  /** Comes after so many milliseconds, or at `end`. One at a time. */
  rest: (ms: number) => Promise<void>;
  end: () => void;
}

export function openPause(): Pause {
  let end = () => {};
  return {
    rest: async (ms) => {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(ms, longestMs));
        end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    end: () => end(),
  };
}
