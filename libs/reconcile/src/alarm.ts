/** Wakes a loop for its next turn, and ends the loop. */
export interface Alarm {
  ring: () => void;
  end: () => void;
  isOver: () => boolean;
  /** Waits for a ring since the last call, but at most so many milliseconds. False when the loop must end. */
  untilRing: (ms: number) => Promise<boolean>;
  /** Waits so many milliseconds, or until the end. */
  rest: (ms: number) => Promise<void>;
}

export function openAlarm(): Alarm {
  let isOver = false;
  const over = Promise.withResolvers<void>();
  let rung = Promise.withResolvers<void>();
  const rest = async (ms: number, orUntil: Promise<void>) => {
    const time = Promise.withResolvers<void>();
    const timer = ms === Infinity ? undefined : setTimeout(time.resolve, ms);
    await Promise.race([time.promise, orUntil, over.promise]);
    clearTimeout(timer);
  };
  return {
    ring: () => rung.resolve(),
    end: () => {
      isOver = true;
      over.resolve();
    },
    isOver: () => isOver,
    untilRing: async (ms) => {
      await rest(ms, rung.promise);
      rung = Promise.withResolvers();
      return !isOver;
    },
    rest: async (ms) => rest(ms, over.promise),
  };
}
