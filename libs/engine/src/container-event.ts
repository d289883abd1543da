import { setTimeout as sleep } from "node:timers/promises";

import type { Engine } from "./engine.ts";

export interface Waker extends Disposable {
  /** Resolves when something has happened since the last call, after `ms` at the latest. */
  next(ms: number): Promise<void>;
  wake(): void;
}

/**
 * Listens to the engine's events of the containers with these labels. Events only wake: a lost one, and a stream that
 * cannot be opened or ends, cost the wait for the next poll and nothing else.
 */
export function watchContainers(engine: Engine, { labels }: { labels: readonly string[] }): Waker {
  const connection = new AbortController();
  let ring = Promise.withResolvers<void>();
  const stream = engine.docker.getEvents({
    filters: {
      type: ["container"],
      label: [...labels],
      // Not all: a health check is an exec with events of its own, many times a minute.
      event: ["start", "die", "stop", "destroy", "health_status"],
    },
    abortSignal: connection.signal,
  });
  stream.then(
    (events) => void events.on("data", () => ring.resolve()),
    () => {},
  );
  return {
    wake: () => ring.resolve(),
    next: async (ms) => {
      const timer = new AbortController();
      try {
        await Promise.race([ring.promise, sleep(ms, undefined, { signal: timer.signal })]);
      } finally {
        timer.abort();
      }
      ring = Promise.withResolvers();
    },
    [Symbol.dispose]: () => connection.abort(),
  };
}
