import { expect, test } from "vitest";

import { listContainers } from "./container-list.ts";
import { connectEngine } from "./engine.ts";
import { listen } from "./test-listener.ts";

test("a container without labels must have none, and hide no other one", async () => {
  const answer = [
    { Id: "a", Labels: null },
    { Id: "b", Labels: { own: "1" } },
  ];
  await using strange = await listen((_asked, response) => {
    response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
  });
  const engine = connectEngine({ dockerHost: strange.dockerHost, timeoutMs: 2_000 });
  expect(await listContainers(engine, {})).toEqual([
    { Id: "a", Labels: {} },
    { Id: "b", Labels: { own: "1" } },
  ]);
});
