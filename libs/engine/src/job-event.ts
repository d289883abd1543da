import type { Readable } from "node:stream";

import type { Engine } from "./engine.ts";
import { createLineReader } from "./poll-line.ts";
import { parseEvent } from "./past-event.ts";
import { askEngine } from "./request.ts";

/** An event holds all labels of its container. */
const longestEvent = 1024 * 1024;

/** What the engine tells of the container of a run. */
export interface RunWatch extends AsyncDisposable {
  /** Null while it has not ended, or was never started. */
  exitCode: () => number | null;
  /** Comes with what `onStart` threw, or with K3009 for an event that cannot be read: the run cannot go on. */
  failed: AbortSignal;
}

/** Listens to the container of a run, which need not be there yet. Throws K3001 and K3009 when the engine cannot be asked. */
export async function watchRun(
  engine: Engine,
  { name, signal, onStart }: { name: string; signal: AbortSignal; onStart: () => void },
): Promise<RunWatch> {
  const over = new AbortController();
  const failed = new AbortController();
  let exitCode: number | null = null;
  const events: Readable = Object(
    await askEngine(engine, {
      what: "tell its events",
      signal,
      send: async () =>
        engine.docker.getEvents({
          filters: { type: ["container"], container: [name], event: ["start", "die"] },
          abortSignal: over.signal,
        }),
    }),
  );
  const reader = createLineReader({
    limit: longestEvent,
    onLine: (line) => {
      if (line.trim() === "") return;
      const event = parseEvent(line);
      if (event.action === "start") onStart();
      exitCode ??= event.exitCode;
    },
  });
  events.setEncoding("utf8").on("data", (text: string) => {
    if (failed.signal.aborted) return;
    try {
      reader.push(text);
    } catch (error) {
      // In a listener it would end the process, and the container would go on.
      failed.abort(error);
    }
  });
  // What the engine does not tell any more is as if it had not ended: then Compose's own word counts.
  events.on("error", () => {});
  return {
    exitCode: () => exitCode,
    failed: failed.signal,
    [Symbol.asyncDispose]: async () => {
      over.abort();
      events.destroy();
      await Promise.resolve();
    },
  };
}
