import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import { KeelsonError } from "@keelson/model";

import type { Engine } from "./engine.ts";
import { createLineReader } from "./poll-line.ts";
import { parseEvent } from "./past-event.ts";
import { askEngine } from "./request.ts";

/** An event holds all labels of its container. */
const longestEvent = 1024 * 1024;

/** Shorter than the library docker-compose sleeps when Compose has ended: the end of the container is told meanwhile. */
const againMs = 200;

/** What the engine tells of the container of a run. */
export interface RunWatch extends AsyncDisposable {
  /** Null while it has not ended, or was never started. */
  exitCode: () => number | null;
  /** Comes with what `onStart` threw, or with K3009 for an event that cannot be read: the run cannot go on. */
  failed: AbortSignal;
}

/**
 * Listens to the container of a run, which need not be there yet, and calls `onStart` once. The connection may break: proxies cut one
 * on which nothing comes for a while. Then it is opened again, and the engine tells once more what it remembers. Throws K3001
 * and K3009 when the engine cannot be asked at the beginning.
 */
export async function watchRun(
  engine: Engine,
  { name, signal, onStart }: { name: string; signal: AbortSignal; onStart: () => void },
): Promise<RunWatch> {
  const over = new AbortController();
  const failed = new AbortController();
  let hasStarted = false;
  let exitCode: number | null = null;
  const take = (line: string) => {
    const event = parseEvent(line);
    exitCode ??= event.exitCode;
    if (event.action !== "start" || hasStarted) return;
    hasStarted = true;
    onStart();
  };
  const follow = async (first: Readable) => {
    let events: Readable | null = first;
    for (;;) {
      if (events !== null) await readLines(events, take);
      if (over.signal.aborted) return;
      await sleep(againMs);
      events = await openAgain(engine, { name, signal: over.signal });
    }
  };
  const first = await openEvents(engine, { name, signal, over: over.signal });
  const following = follow(first).catch((error: unknown) => failed.abort(error));
  return {
    exitCode: () => exitCode,
    failed: failed.signal,
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await following;
    },
  };
}

/** What the engine tells of a container from now on, after what it remembers of it; `over` ends it. */
async function openEvents(
  engine: Engine,
  { name, signal, over }: { name: string; signal: AbortSignal; over: AbortSignal },
): Promise<Readable> {
  const stream = await askEngine(engine, {
    what: "tell its events",
    signal,
    send: async (asking) =>
      engine.docker.getEvents({
        // From the beginning: no other container has the name.
        since: 1,
        filters: { type: ["container"], container: [name], event: ["start", "die"] },
        abortSignal: AbortSignal.any([asking, over]),
      }),
  });
  return Object(stream);
}

/** Null when the engine does not answer now, or the run is over. */
async function openAgain(
  engine: Engine,
  { name, signal }: { name: string; signal: AbortSignal },
): Promise<Readable | null> {
  try {
    return await openEvents(engine, { name, signal, over: signal });
  } catch (error) {
    if (error instanceof KeelsonError) return null;
    throw error;
  }
}

/** Comes when there are no more, also because the connection broke. Throws what `onLine` throws. */
async function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const reader = createLineReader({
    limit: longestEvent,
    onLine: (line) => {
      if (line.trim() !== "") onLine(line);
    },
  });
  stream.setEncoding("utf8").on("data", (text: string) => {
    try {
      reader.push(text);
    } catch (error) {
      // In a listener it would end the process, and the container would go on.
      ended.reject(error);
    }
  });
  stream.on("error", () => ended.resolve());
  stream.once("end", ended.resolve).once("close", ended.resolve);
  try {
    await ended.promise;
  } finally {
    stream.destroy();
  }
}
