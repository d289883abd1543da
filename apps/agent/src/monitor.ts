import type { IncomingMessage, ServerResponse } from "node:http";

import { formatMetrics } from "./metrics.ts";
import { plainText } from "./plain-text.ts";
import { type WatchTally, isReady, stuckMs } from "./watch-tally.ts";

interface Answer {
  status: 200 | 404 | 405 | 503;
  text: string;
  type?: string;
}

/** Answers `GET /healthz`, `/readyz` and `/metrics` from the tally alone: a request costs no poll. */
export function answerMonitor(
  tally: WatchTally,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const { status, text, type = "text/plain; charset=utf-8" } = answer(tally, request);
    response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(text);
  };
}

function answer(tally: WatchTally, { method, url }: IncomingMessage): Answer {
  if (method !== "GET" && method !== "HEAD") return { status: 405, text: "only GET is allowed\n" };
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
      return { status: 404, text: "not found; the paths are /healthz, /readyz and /metrics\n" };
  }
}

/** Any answer shows that the process lives. This one also tells whether its loop turns, or its round gives signs of life. */
function answerHealth(tally: WatchTally): Answer {
  const silentMs = stuckMs(tally, performance.now());
  if (silentMs === 0) return { status: 200, text: "ok\n" };
  return { status: 503, text: `no poll and no sign of a round for ${Math.round(silentMs / 1000)} s\n` };
}

function answerReady(tally: WatchTally): Answer {
  const { last, isWorking } = tally;
  const told = last === null ? "no round has ended yet" : last.message;
  const before = last === null || last.result === "ready" ? "" : `; the one before: ${told}`;
  const text = plainText(`${isWorking ? `a round is changing the node${before}` : told}\n`);
  return { status: isReady(tally) ? 200 : 503, text };
}
