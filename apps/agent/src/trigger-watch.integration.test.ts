import {
  buildImageArchive,
  loadImages,
  removeImages,
  sharedEngine,
  uniqueName,
  waitFor,
} from "@keelson/test/support";
import { expect, it } from "vitest";

import { noteDeaths } from "./container-deaths.ts";
import { runTrigger } from "./next-round.ts";
import { isInBackoff, openPoller } from "./poller.ts";
import type { RoundEnd } from "./round-process.ts";
import type { RoundSummary } from "./round-summary.ts";
import { newRoundSummary } from "./test-round-summary.ts";
import { type TriggerWatch, openTriggerWatch } from "./trigger-watch.ts";

it("a poll of the branch during a round must be no sign of life of the round", async () => {
  const { target } = newRoundSummary();
  let turns = 0;
  let polls = 0;
  const watch = openTriggerWatch(
    { ...target, intervalMs: 5 },
    {
      signal: new AbortController().signal,
      log: () => {},
      requested: () => null,
      onPollFailure: () => {},
      onTurn: () => turns++,
      onPoll: () => {},
    },
  );
  const end = Promise.withResolvers<RoundEnd>();
  const fetched = () => {
    polls++;
    return null;
  };
  const moved = watch.untilMoved({
    fetched,
    tellNewerRevision: () => {},
    killedBecause: () => null,
    ended: end.promise,
  });
  await waitFor(() => polls > 5, { what: "some polls" });
  end.resolve({ summary: newRoundSummary(), loss: null });
  expect(await moved).toBeNull();
  expect(turns).toBe(0);
  watch.close();
});

it("the death of a container that a round left running must trigger a round, and no other death", () => {
  const poller = openPoller(newRoundSummary().target, { log: () => {}, onPollFailure: () => {} });
  const containers = { a: "running healthy", b: "exited none", c: "restarting none" } as const;
  const isTriggered = (...died: string[]) =>
    noteDeaths(poller, { died: new Set(died), summary: newRoundSummary({ containers }) });
  expect([
    isTriggered("a"),
    isTriggered("b"),
    isTriggered("c"),
    isTriggered("unknown"),
    isTriggered(),
  ]).toEqual([true, false, false, false, false]);
  for (let death = 0; death < 5; death++) isTriggered("a");
  expect(poller.backoff.isWaiting("a", performance.now())).toBe(true);
  const blind = newRoundSummary({ containers: null });
  expect(noteDeaths(poller, { died: new Set(["a"]), summary: blind })).toBe(false);
});

/** Runs what watches one container that runs. Nothing but its death triggers a round, and `polls` counts the polls. */
async function watchContainer(
  run: (watched: {
    /** Kills it, or kills and starts it. */
    kill: () => Promise<unknown>;
    restart: () => Promise<unknown>;
    watch: TriggerWatch;
    summary: RoundSummary;
    polls: () => number;
  }) => Promise<void>,
): Promise<void> {
  const docker = await sharedEngine();
  const environment = uniqueName("death");
  const tag = `keelson-test/${environment}:1`;
  await loadImages(docker, [await buildImageArchive({ tag })]);
  const Labels = { "io.keelson.environment": environment };
  const container = await docker.createContainer({ Image: tag, Labels, HostConfig: { NetworkMode: "none" } });
  // Its start is no event that the watch sees.
  await container.start();
  const { target } = newRoundSummary();
  let polls = 0;
  const dockerHost = process.env["DOCKER_HOST"];
  const watch = openTriggerWatch(
    { ...target, environment, dockerHost, intervalMs: 3_600_000 },
    {
      signal: new AbortController().signal,
      log: () => {},
      requested: () => null,
      onPollFailure: () => {},
      onTurn: () => {},
      onPoll: () => polls++,
    },
  );
  try {
    const summary = newRoundSummary({
      containers: { [container.id]: "running none" },
      nextRound: { afterMs: 3_600_000, trigger: "routine" },
    });
    const kill = async () => container.kill();
    const restart = async () => container.restart({ t: 0 });
    await run({ kill, restart, watch, summary, polls: () => polls });
  } finally {
    watch.close();
    await container.remove({ force: true });
    await removeImages(docker, [tag]);
  }
}

it("a death must trigger a round without another poll", async () =>
  watchContainer(async ({ kill, watch, summary, polls }) => {
    const trigger = watch.untilTrigger(summary);
    await waitFor(() => polls() === 1, { what: "the first poll" });
    await kill();
    expect(await trigger).toEqual({ name: "containers changed", isAnew: false });
    expect(polls()).toBe(1);
  }));

it("a container that died and was started again after a round looked must trigger another", async () =>
  watchContainer(async ({ restart, watch, summary }) => {
    watch.forgetDeaths();
    await restart();
    expect(await watch.untilTrigger(summary)).toEqual({ name: "containers changed", isAnew: false });
  }));

it.each([
  { asked: { name: "SIGHUP", isAnew: true }, due: "retry", found: { name: "SIGHUP", isAnew: true } },
  { asked: runTrigger("lab-web/a"), due: "retry", found: { name: "run of lab-web/a", isAnew: false } },
  { asked: null, due: "newer revision", found: { name: "newer revision", isAnew: true } },
  { asked: null, due: "retry", found: { name: "retry", isAnew: false } },
  { asked: null, due: "routine", found: { name: "routine", isAnew: false } },
])("a round that comes by $found.name must begin the back-off anew: $found.isAnew", async (row) => {
  const dockerHost = process.env["DOCKER_HOST"];
  const watch = openTriggerWatch(
    { ...newRoundSummary().target, environment: uniqueName("due"), dockerHost },
    {
      signal: new AbortController().signal,
      log: () => {},
      requested: () => row.asked,
      onPollFailure: () => {},
      onTurn: () => {},
      onPoll: () => {},
    },
  );
  const summary = newRoundSummary({ commit: "", nextRound: { afterMs: 0, trigger: row.due } });
  expect(await watch.untilTrigger(summary)).toEqual(row.found);
  watch.close();
});

it("the network that a container in back-off leaves must trigger no poll, and other networks must", () => {
  const poller = openPoller(newRoundSummary().target, { log: () => {}, onPollFailure: () => {} });
  const seen = { name: "lab-web-app-1", shape: "", startedMs: null, isForeign: false };
  poller.seen = new Map([
    ["a", seen],
    ["b", { ...seen, name: "lab-web-other-1" }],
  ]);
  for (let round = 0; round < 5; round++) poller.backoff.noteChanges(["lab-web-app-1"], performance.now());
  const left = (containerId: string | null) => {
    const name = containerId === null ? "lab-web-app-1" : "lab-web_default";
    return isInBackoff(poller, { name, containerId });
  };
  expect([left(null), left("a"), left("b"), left("unknown")]).toEqual([true, true, false, false]);
});
