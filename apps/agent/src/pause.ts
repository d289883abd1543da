/** Node's timers fire at once for a longer delay. */
const longestMs = 2 ** 31 - 1;

/** A pause that can be ended early. Node's timers go by the monotonic clock. */
export interface Pause {
  /** Comes after so many milliseconds, or at `end`. Only one call at a time. */
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
