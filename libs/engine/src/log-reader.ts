import { Readable } from "node:stream";

import type { Engine } from "./engine.ts";
import { type LogTextOptions, createLogText } from "./log-text.ts";
import { askEngine, hasStatus, unreadable } from "./request.ts";
import { bytesOf } from "./frame-reader.ts";

export interface LogReading extends LogTextOptions {
  id: string;
  /** The container's name. */
  shown: string;
  /** Goes on until the container's run ends. */
  follow: boolean;
  tail: number | "all";
  /** Seconds of Unix time with up to nine decimals. */
  since: string | null;
  signal: AbortSignal;
  /** Comes when the next chunk may be read; default at once. */
  ready?: () => Promise<void>;
}

/** Node's longest timer: the follower of a log ends it, or the container does. */
const followMs = 2 ** 31 - 1;

/**
 * Gives a container's log line by line; returns the time of the last, if known. One that is gone meanwhile is fine.
 * Throws K3001, also for a log that stops in its middle; K3009; K3014 by the signal.
 */
export async function readContainerLog(engine: Engine, reading: LogReading): Promise<string | null> {
  const { shown, signal, follow } = reading;
  const what = `read the log of ${shown}`;
  const text = createLogText(reading);
  try {
    const stream = await askEngine(engine, {
      what,
      signal,
      send: (abortSignal) => openLog(engine, { reading, what, abortSignal }),
    });
    await askEngine(engine, {
      what,
      signal,
      timeoutMs: followMs,
      send: async (abortSignal) => {
        abortSignal.addEventListener("abort", () => stream.destroy(), { once: true });
        let isHeld = false;
        const idle = follow ? null : endWhenIdle(stream, { idleMs: engine.timeoutMs, isHeld: () => isHeld });
        try {
          for await (const chunk of stream) {
            text.push(bytesOf(chunk));
            isHeld = true;
            await reading.ready?.();
            isHeld = false;
            idle?.refresh();
          }
          text.end();
        } finally {
          clearTimeout(idle ?? undefined);
        }
      },
    });
  } catch (error) {
    // 409: it is being removed.
    if (!hasStatus(error, 404, 409)) throw error;
  }
  return text.lastTime();
}

/** `Container.logs` of the client reads a log that is not followed wholly into the memory; this never does. */
function openLog(
  engine: Engine,
  { reading, what, abortSignal }: { reading: LogReading; what: string; abortSignal: AbortSignal },
): Promise<Readable> {
  const { id, follow, tail, since, isTty, timestamps } = reading;
  const answer = Promise.withResolvers<Readable>();
  engine.docker.modem.dial(
    {
      path: `/containers/${encodeURIComponent(id)}/logs?`,
      method: "GET",
      isStream: true,
      abortSignal,
      statusCodes: { 200: true },
      options: {
        stdout: true,
        stderr: true,
        follow,
        tail: String(tail),
        timestamps: timestamps || !isTty,
        ...(since === null ? {} : { since }),
      },
    },
    (error: unknown, stream: unknown) => {
      if (error !== null && error !== undefined) answer.reject(error);
      else if (stream instanceof Readable) answer.resolve(stream);
      else answer.reject(unreadable(what));
    },
  );
  return answer.promise;
}

/** While the reader itself holds it up, the engine is not idle. */
function endWhenIdle(
  stream: Readable,
  { idleMs, isHeld }: { idleMs: number; isHeld: () => boolean },
): NodeJS.Timeout {
  const timer = setTimeout(() => {
    if (isHeld()) {
      timer.refresh();
      return;
    }
    const error = new Error(`nothing came for ${idleMs} ms`);
    // By its code it counts as an engine that does not answer.
    stream.destroy(Object.assign(error, { code: "ETIMEDOUT" }));
  }, idleMs);
  return timer;
}
