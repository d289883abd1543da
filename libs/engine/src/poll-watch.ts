import { type IncomingMessage, get } from "node:http";

import { refusal, translatePoll, unreachable } from "./poll-error.ts";
import type { Interest } from "./poll-interest.ts";
import { type PolledEvent, eventsPath, parseEvent } from "./poll-event.ts";
import { createLineReader } from "./poll-line.ts";
import { type PollConnection, readText } from "./poll-request.ts";

export interface WatchRequest extends Interest {
  onEvent: (event: PolledEvent) => void;
  /**
   * Called once: with null after `close`, otherwise with why there are no more events (a `PollError`, or a bug of ours).
   * To go on, watch again.
   */
  onEnd: (error: Error | null) => void;
}

export interface Watch {
  close(): void;
}

const what = "tell its events";

/** An event holds all labels of its container. A longer one is not ours and is left out. */
const longestEvent = 1024 * 1024;

/** Between machines a dead peer is as silent as a quiet one: the kernel checks that it lives. */
const keepAliveMs = 30_000;

/** Listens to the engine's events, on a connection of its own. */
export function watchEvents(
  connection: PollConnection,
  { onEvent, onEnd, ...interest }: WatchRequest,
): Watch {
  const { dockerHost, address, timeoutMs, pending } = connection;
  let isOver = false;
  const finish = (error: Error | null) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    pending.delete(close);
    request.destroy();
    onEnd(error);
  };
  const close = () => finish(null);
  const fail = (error: unknown) => {
    const translated = translatePoll(error, { dockerHost, what });
    finish(translated instanceof Error ? translated : new Error(what, { cause: error }));
  };
  const reader = createLineReader({
    limit: longestEvent,
    onLine: (line, isCut) => {
      if (isOver || isCut || line.trim() === "") return;
      const event = attempt(() => parseEvent(line, interest), fail);
      if (event !== null) onEvent(event);
    },
  });

  const request = get({ ...address, path: eventsPath(Date.now()), agent: false });
  const timer = setTimeout(
    () => finish(unreachable(dockerHost, new Error(`no answer within ${timeoutMs} ms`))),
    timeoutMs,
  );
  pending.add(close);
  request.on("socket", (socket) => socket.setKeepAlive(true, keepAliveMs));
  request.on("error", fail);
  request.on("response", (response) => {
    if (response.statusCode !== 200) {
      // The timer goes on: the refusal too must come to an end.
      refuse(response).catch(fail);
      return;
    }
    clearTimeout(timer);
    response.setEncoding("utf8");
    response.on("data", (text: string) => reader.push(text));
    response.on("error", fail);
    response.on("end", () => finish(unreachable(dockerHost, new Error("the engine ended its events"))));
  });
  return { close };
}

async function refuse(response: IncomingMessage): Promise<never> {
  const body = await readText(response, what);
  throw refusal({ what, statusCode: response.statusCode ?? 0, body });
}

/** An error in reading an event must end the watch; an error of the listener is the listener's. */
function attempt<T>(read: () => T, onError: (error: unknown) => void): T | null {
  try {
    return read();
  } catch (error) {
    onError(error);
    return null;
  }
}
