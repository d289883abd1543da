import { sharedEngine, sharedEngineHost } from "@keelson/test/support";
import { afterAll, beforeAll } from "vitest";

import { type EnginePoll, openEnginePoll } from "./poll.ts";
import { type TestBench, makeTestBench } from "./test-bench.ts";

/** A bench on the shared engine with a poll of that engine, for all tests of a file; `take` gets them before the first one. */
export function usePoll(take: (at: { bench: TestBench; poll: EnginePoll }) => void): void {
  const cleanUp = new AsyncDisposableStack();
  beforeAll(async () => {
    const bench = cleanUp.use(await makeTestBench(await sharedEngine()));
    const poll = openEnginePoll({ dockerHost: sharedEngineHost(), timeoutMs: 60_000 });
    cleanUp.defer(() => poll.close());
    take({ bench, poll });
  });
  afterAll(async () => cleanUp.disposeAsync());
}
