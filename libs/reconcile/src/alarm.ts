/** Asks a loop for its next turn, and ends it. */
export interface Alarm {
  ring: () => void;
  end: () => void;
  /** True when it rang since the last time, or after so many milliseconds; false at the end. */
  untilRing: (ms: number) => Promise<boolean>;
  /** Comes after so many milliseconds, or at the end. */
  rest: (ms: number) => Promise<void>;
}

export function openAlarm(): Alarm {
  let isOver = false;
  const over = Promise.withResolvers<void>();
  let rung = Promise.withResolvers<void>();
  const rest = async (ms: number, orUntil: Promise<void>) => {
    const time = Promise.withResolvers<void>();
    const timer = setTimeout(time.resolve, ms);
    await Promise.race([time.promise, orUntil, over.promise]);
    clearTimeout(timer);
  };
  return {
    ring: () => rung.resolve(),
    end: () => {
      isOver = true;
      over.resolve();
    },
    untilRing: async (ms) => {
      await rest(ms, rung.promise);
      rung = Promise.withResolvers();
      return !isOver;
    },
    rest: async (ms) => rest(ms, over.promise),
  };
}
