import {
  buildImageArchive,
  loadImages,
  removeImages,
  sharedEngine,
  uniqueName,
  waitFor,
} from "@keelson/test/support";
import { expect, it } from "vitest";

import { openChangeWatch } from "./change-watch.ts";
import { noteDeaths } from "./look-deaths.ts";
import { isResting, openLook } from "./look.ts";
import type { RoundEnd } from "./round-process.ts";
import { newRoundSummary } from "./test-round-summary.ts";

it("looking at the branch during a round must be no sign of life of the round", async () => {
  const { follow } = newRoundSummary();
  let turns = 0;
  let asked = 0;
  const watch = openChangeWatch(
    { ...follow, intervalMs: 5 },
    {
      signal: new AbortController().signal,
      log: () => {},
      called: () => null,
      onPollFailure: () => {},
      onTurn: () => turns++,
      onLook: () => {},
    },
  );
  const end = Promise.withResolvers<RoundEnd>();
  const fetched = () => {
    asked++;
    return null;
  };
  const moved = watch.untilMoved({
    fetched,
    tellNewerRevision: () => {},
    killedBecause: () => null,
    ended: end.promise,
  });
  await waitFor(() => asked > 5, { what: "some looks" });
  end.resolve({ report: newRoundSummary(), loss: null });
  expect(await moved).toBeNull();
  expect(turns).toBe(0);
  watch.close();
});

it("the death of what a round left running must be news by itself, and no other death", () => {
  const look = openLook(newRoundSummary().follow, { log: () => {}, onPollFailure: () => {} });
  const containers = { a: "running healthy", b: "exited none", c: "restarting none" } as const;
  const isNews = (...died: string[]) =>
    noteDeaths(look, { died: new Set(died), report: newRoundSummary({ containers }) });
  expect([isNews("a"), isNews("b"), isNews("c"), isNews("unknown"), isNews()]).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
  for (let death = 0; death < 5; death++) isNews("a");
  expect(look.unrest.isResting("a", performance.now())).toBe(true);
  const blind = newRoundSummary({ containers: null });
  expect(noteDeaths(look, { died: new Set(["a"]), report: blind })).toBe(false);
});

it("a death must start a round without another look", async () => {
  const docker = await sharedEngine();
  const environment = uniqueName("death");
  const tag = `keelson-test/${environment}:1`;
  await loadImages(docker, [await buildImageArchive({ tag })]);
  const Labels = { "io.keelson.environment": environment };
  const container = await docker.createContainer({ Image: tag, Labels, HostConfig: { NetworkMode: "none" } });
  const { follow } = newRoundSummary();
  let looks = 0;
  const dockerHost = process.env["DOCKER_HOST"];
  const watch = openChangeWatch(
    { ...follow, environment, dockerHost, intervalMs: 3_600_000 },
    {
      signal: new AbortController().signal,
      log: () => {},
      called: () => null,
      onPollFailure: () => {},
      onTurn: () => {},
      onLook: () => looks++,
    },
  );
  try {
    await container.start();
    const report = newRoundSummary({ containers: { [container.id]: "running none" } });
    const change = watch.untilChange(report, { waitMs: 3_600_000 });
    await waitFor(() => looks === 1, { what: "the first look" });
    await container.kill();
    expect(await change).toBe("containers changed");
    expect(looks).toBe(1);
  } finally {
    watch.close();
    await container.remove({ force: true });
    await removeImages(docker, [tag]);
  }
});

it("the network that a resting container leaves must rest with it, and no other", () => {
  const look = openLook(newRoundSummary().follow, { log: () => {}, onPollFailure: () => {} });
  const seen = { name: "lab-web-app-1", shape: "", startedMs: null, isStranger: false };
  look.seen = new Map([
    ["a", seen],
    ["b", { ...seen, name: "lab-web-other-1" }],
  ]);
  for (let round = 0; round < 5; round++) look.unrest.note(["lab-web-app-1"], performance.now());
  const left = (containerId: string | null) => {
    const name = containerId === null ? "lab-web-app-1" : "lab-web_default";
    return isResting(look, { name, containerId });
  };
  expect([left(null), left("a"), left("b"), left("unknown")]).toEqual([true, true, false, false]);
});
