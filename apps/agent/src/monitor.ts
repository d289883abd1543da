import type { IncomingMessage, ServerResponse } from "node:http";

import { formatMetrics } from "./metrics.ts";
import { plainText } from "./plain-text.ts";
import { type WatchTally, isReady, stuckMs } from "./watch-tally.ts";

interface Answer {
  status: 200 | 404 | 405 | 503;
  text: string;
  type?: string;
}

/** Answers `GET /healthz`, `/readyz` and `/metrics` from the tally alone: nothing is asked for it. */
export function answerMonitor(
  tally: WatchTally,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const { status, text, type = "text/plain; charset=utf-8" } = answer(tally, request);
    response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(text);
  };
}

function answer(tally: WatchTally, { method, url }: IncomingMessage): Answer {
  if (method !== "GET" && method !== "HEAD") return { status: 405, text: "only GET is answered here\n" };
  switch (url?.split("?", 1)[0]) {
    case "/healthz":
      return answerHealth(tally);
    case "/readyz":
      return answerReady(tally);
    case "/metrics":
      return {
        status: 200,
        text: formatMetrics(tally, process.memoryUsage.rss()),
        type: "text/plain; version=0.0.4; charset=utf-8",
      };
    default:
      return { status: 404, text: "there is /healthz, /readyz and /metrics\n" };
  }
}

/** The watcher lives: an answer alone says that its process does, so that its loop must turn as well, or its round speak. */
function answerHealth(tally: WatchTally): Answer {
  const silentMs = stuckMs(tally, performance.now());
  if (silentMs === 0) return { status: 200, text: "ok\n" };
  return { status: 503, text: `no look for ${Math.round(silentMs / 1000)} s\n` };
}

function answerReady(tally: WatchTally): Answer {
  const { last, isWorking } = tally;
  const isAtWork = isWorking && last?.result === "ready";
  const said = isAtWork ? "a round is at work on what is not as desired" : last?.message;
  const text = plainText(`${said ?? "no round has ended yet"}\n`);
  return { status: isReady(tally) ? 200 : 503, text };
}
