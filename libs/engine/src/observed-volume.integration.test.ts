import { madeHere, emptyRecord } from "@keelson/model";
import { sharedEngineHost, startEngineProxy } from "@keelson/test/support";
import { expect, test } from "vitest";

import { connectEngine, containersOnly, observeEngine } from "./index.ts";

test("an engine that answers, but lists no volumes in time, is not an engine that is away", async () => {
  await using proxy = await startEngineProxy(sharedEngineHost());
  const engine = connectEngine({ dockerHost: proxy.dockerHost, timeoutMs: 3_000 });
  const observe = async () =>
    observeEngine(engine, {
      ...containersOnly,
      environment: "none",
      ownershipOf: () => "foreign",
      madeHere: madeHere(emptyRecord),
    });
  // As a volume plugin that is gone makes it.
  proxy.holdBack(/\/volumes/);
  await expect(observe()).rejects.toMatchObject({
    code: "K3097",
    message: expect.stringContaining("listing volumes took longer than 3 s"),
  });
  proxy.holdBack(/\/(?:volumes|info)/);
  await expect(observe()).rejects.toMatchObject({ code: "K3001" });
  proxy.holdBack(null);
  expect(await observe()).toMatchObject({ containers: [] });
});
