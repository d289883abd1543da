import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, it } from "vitest";

import { answerMonitor } from "./monitor.ts";
import { type RoundResult, type WatchTally, newTally, noteWork } from "./watch-tally.ts";

async function ask(tally: WatchTally, path: string): Promise<[number, string]> {
  const server = createServer(answerMonitor(tally));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    // oxlint-disable-next-line no-unsafe-type-assertion -- it listens on TCP
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return [answer.status, await answer.text()];
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

function endedAs(result: RoundResult, message: string): WatchTally {
  return { ...newTally(), last: { result, message, durationMs: 1, isSuspended: false } };
}

it("/readyz must say that a round is changing the node, whatever the one before told", async () => {
  const good = endedAs("ready", "all is well");
  const bad = endedAs("not-ready", "a run failed");
  expect(await ask(good, "/readyz")).toEqual([200, "all is well\n"]);
  expect(await ask(bad, "/readyz")).toEqual([503, "a run failed\n"]);
  const first = newTally();
  for (const tally of [good, bad, first]) noteWork(tally);
  expect(await ask(good, "/readyz")).toEqual([503, "a round is changing the node\n"]);
  expect(await ask(bad, "/readyz")).toEqual([
    503,
    "a round is changing the node; the one before: a run failed\n",
  ]);
  expect(await ask(first, "/readyz")).toEqual([503, "a round is changing the node\n"]);
});
