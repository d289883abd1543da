/** Runs tasks of one key one after the other, in the order they came; those of other keys at the same time. */
export interface Queue {
  /** The task's result; a task that fails does not keep the next from running. */
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
}

export function createQueue(): Queue {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run: async (key, task) => {
      const before = tails.get(key) ?? Promise.resolve();
      const own = before.then(task, task);
      tails.set(key, own);
      try {
        return await own;
      } finally {
        if (tails.get(key) === own) tails.delete(key);
      }
    },
  };
}
