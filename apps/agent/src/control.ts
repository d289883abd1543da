import type { IncomingMessage, ServerResponse } from "node:http";

import type { RoundRequests } from "./round-requests.ts";
import type { WorkLog } from "./work-log.ts";

/**
 * Answers `POST /sync` at the end of a round that began after it: 200 with `{isReady, isStalled, commit, operationCount,
 * message}`, or 503 with `{message}` when that round told no summary; and `GET /work?after=<seq>` at once with what a round
 * is at.
 */
export function answerControl({
  requests,
  work,
}: {
  requests: RoundRequests;
  work: WorkLog;
}): (request: IncomingMessage, response: ServerResponse) => void {
  return ({ method, url }, response) => {
    const [path, after] = url?.split("?after=") ?? [];
    if (method === "POST" && path === "/sync") void answerSync(requests, response);
    else if (method === "GET" && path === "/work") {
      send(response, { status: 200, body: work.read(Number(after ?? 0)) });
    } else
      send(response, { status: 404, body: { message: "not found; there are POST /sync and GET /work" } });
  };
}

async function answerSync(requests: RoundRequests, response: ServerResponse): Promise<void> {
  const summary = await requests.request({ name: "keelson sync", isAnew: true });
  if (summary === null) {
    send(response, { status: 503, body: { message: "the round ended without a summary" } });
    return;
  }
  const { isReady, isStalled, commit, operationCount, message } = summary;
  send(response, { status: 200, body: { isReady, isStalled, commit, operationCount, message } });
}

function send(response: ServerResponse, { status, body }: { status: number; body: object }): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}
