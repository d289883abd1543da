import type { IncomingMessage, ServerResponse } from "node:http";

import type { Calls } from "./calls.ts";

/**
 * Answers `POST /sync` when a round has ended that began after it: 200 with `{isReady, isStalled, commit,
 * operationCount, message}`, or 503 with `{message}` when there was no such end.
 */
export function answerControl(calls: Calls): (request: IncomingMessage, response: ServerResponse) => void {
  return ({ method, url }, response) => {
    if (method === "POST" && url === "/sync") void answerSync(calls, response);
    else send(response, { status: 404, body: { message: "there is POST /sync" } });
  };
}

async function answerSync(calls: Calls, response: ServerResponse): Promise<void> {
  const report = await calls.call("asked by keelson sync");
  if (report === null) {
    send(response, { status: 503, body: { message: "the round did not come to its end" } });
    return;
  }
  const { isReady, isStalled, commit, operationCount, message } = report;
  send(response, { status: 200, body: { isReady, isStalled, commit, operationCount, message } });
}

function send(response: ServerResponse, { status, body }: { status: number; body: object }): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}
