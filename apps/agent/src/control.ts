import type { IncomingMessage, ServerResponse } from "node:http";

import type { RoundRequests } from "./round-requests.ts";

/**
 * Answers `POST /sync` at the end of a round that began after it: 200 with `{isReady, isStalled, commit, operationCount,
 * message}`, or 503 with `{message}` when that round told no summary.
 */
export function answerControl(
  requests: RoundRequests,
): (request: IncomingMessage, response: ServerResponse) => void {
  return ({ method, url }, response) => {
    if (method === "POST" && url === "/sync") void answerSync(requests, response);
    else send(response, { status: 404, body: { message: "not found; there is POST /sync" } });
  };
}

async function answerSync(requests: RoundRequests, response: ServerResponse): Promise<void> {
  const summary = await requests.request("keelson sync");
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
