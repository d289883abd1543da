import { labels } from "@keelson/model";
import { outputOf, sharedEngineHost, startEngine, waitFor } from "@keelson/test/support";
import { expect, test } from "vitest";

import { mapParallel } from "./parallel.ts";
import { type EnginePoll, type PolledEvent, openEnginePoll } from "./poll.ts";
import type { TestBench } from "./test-bench.ts";
import { usePoll } from "./test-poll.ts";

let bench: TestBench;
let poll: EnginePoll;
usePoll((at) => ({ bench, poll } = at));

interface Extra {
  command?: string[];
  healthy?: boolean;
  labels?: Record<string, string>;
  restarts?: boolean;
  network?: string;
}

async function container(service: string, extra: Extra = {}) {
  const name = `${bench.project("core")}-${service}-1`;
  const { command = ["sleep", "1000"], healthy, restarts = false, network = "none" } = extra;
  const check = {
    Test: ["CMD", healthy === true ? "true" : "false"],
    Interval: 5e8,
    Timeout: 5e9,
    Retries: 1,
  };
  const made = await bench.docker.createContainer({
    name,
    Image: bench.image,
    Cmd: command,
    StopTimeout: 1,
    Labels: { ...bench.serviceLabels("core", service), ...extra.labels },
    HostConfig: { NetworkMode: network, ...(restarts ? { RestartPolicy: { Name: "always" } } : {}) },
    ...(healthy === undefined ? {} : { Healthcheck: check }),
  });
  return { id: made.id, name, container: made };
}

async function started(service: string, extra: Extra = {}) {
  const made = await container(service, extra);
  await made.container.start();
  return made;
}

const list = () => poll.list({ environment: bench.environment });

test("a list tells states, health and exit codes as the engine has them", async () => {
  const made = await container("made");
  const running = await started("running");
  const paused = await started("paused");
  await paused.container.pause();
  const exited = await started("exited", { command: ["sh", "-c", "exit 3"] });
  const looping = await started("looping", { command: ["sh", "-c", "exit 4"], restarts: true });
  const healthy = await started("healthy", { healthy: true });
  const sick = await started("sick", { healthy: false });
  await started("person", { labels: { "com.docker.compose.oneoff": "True" } });
  await started("other", { labels: { [labels.environment]: `${bench.environment}-other` } });
  const expected = [
    { id: made.id, name: made.name, state: "created", health: "none", exitCode: null },
    { id: running.id, name: running.name, state: "running", health: "none", exitCode: null },
    { id: paused.id, name: paused.name, state: "paused", health: "none", exitCode: null },
    { id: exited.id, name: exited.name, state: "exited", health: "none", exitCode: 3 },
    { id: looping.id, name: looping.name, state: "restarting", health: "none", exitCode: 4 },
    { id: healthy.id, name: healthy.name, state: "running", health: "healthy", exitCode: null },
    { id: sick.id, name: sick.name, state: "running", health: "unhealthy", exitCode: null },
  ].map((each) => ({ ...each, digest: "d1" }));
  const byId = <T extends { id: string }>(all: readonly T[]) =>
    all.toSorted((a, b) => a.id.localeCompare(b.id));
  let last: unknown;
  await waitFor(
    async () => {
      last = byId((await list()).map(({ upMs: _upMs, networks: _networks, ...each }) => each));
      return JSON.stringify(last) === JSON.stringify(byId(expected));
    },
    { what: "the expected states" },
  ).catch(() => {});
  expect(last).toEqual(byId(expected));
  await looping.container.remove({ force: true });
});

test("events of the environment's containers, networks and volumes wake, others do not", async () => {
  const events: PolledEvent[] = [];
  const ends: unknown[] = [];
  let isDirty = false;
  const watch = poll.watch({
    environment: bench.environment,
    onEvent: (event) => {
      if (event.isOthers) return;
      events.push(event);
      isDirty = true;
    },
    onEnd: (error) => ends.push(error),
  });
  const has = (service: string, action: string) => () =>
    events.some((event) => event.name.endsWith(`-${service}-1`) && event.action === action);

  const checked = await started("checked", { healthy: true });
  await waitFor(has("checked", "health_status"), { what: "its health to be told" });
  await started("foreign", { labels: { [labels.environment]: `${bench.environment}-other` } });
  await checked.container.rename({ name: `${checked.name}0` });
  await checked.container.rename({ name: checked.name });
  const network = await bench.docker.createNetwork({ Name: `${bench.project("core")}_default` });
  await bench.docker.createVolume({ Name: `${bench.project("core")}_data` });
  await bench.docker.getVolume(`${bench.project("core")}_data`).remove();
  const netted = await started("netted", { network: `${bench.project("core")}_default` });
  await network.disconnect({ Container: netted.id });
  await network.remove();
  isDirty = false;
  await checked.container.stop();
  await checked.container.remove({ force: true });
  await waitFor(has("checked", "destroy"), { what: "its end to be told" });
  // One mark stands for any number of them.
  expect(isDirty).toBe(true);
  const seen = new Set(events.map(({ kind, action }) => `${kind} ${action}`));
  expect([...seen].sort()).toEqual([
    "container destroy",
    "container die",
    "container health_status",
    "container rename",
    "container start",
    "container stop",
    "network destroy",
    "network disconnect",
    "volume destroy",
  ]);
  expect(events.filter(({ name }) => name.includes("foreign"))).toEqual([]);
  const count = events.length;
  watch.close();
  await started("late");
  await list();
  expect({ events: events.length, ends }).toEqual({ events: count, ends: [null] });
});

test("an engine that stops ends the watch and is K3001, one that is back is polled and watched again", async () => {
  await using own = await startEngine();
  const ownPoll = openEnginePoll({ dockerHost: own.dockerHost, timeoutMs: 60_000 });
  const environment = bench.environment;
  for (const how of ["stop", "kill"] as const) {
    const events: PolledEvent[] = [];
    const ends: unknown[] = [];
    ownPoll.watch({
      environment,
      onEvent: (event) => events.push(event),
      onEnd: (error) => ends.push(error),
    });
    expect(await ownPoll.list({ environment })).toEqual([]);
    const network = await own.docker.createNetwork({ Name: `${environment}-core_default` });
    await network.remove();
    await waitFor(() => events.some(({ action }) => action === "destroy"), { what: "an event" });
    expect(ends).toEqual([]);
    await own[how]();
    await waitFor(() => ends.length > 0, { what: `the watch to end after ${how}` });
    expect(ends).toMatchObject([{ code: "K3001", transient: true }]);
    await expect(ownPoll.list({ environment })).rejects.toMatchObject({ code: "K3001", transient: true });
    await own.start();
  }
  expect(await ownPoll.list({ environment })).toEqual([]);
  ownPoll.close();
});

test("100 containers are listed in one go", async () => {
  const environment = `${bench.environment}-many`;
  const items = Array.from({ length: 100 }, (_, index) => index);
  await mapParallel(items, {
    limit: 4,
    map: (index) => container(`many${index}`, { labels: { [labels.environment]: environment } }),
  });
  const times: number[] = [];
  for (let count = 0; count < 30; count++) {
    const start = performance.now();
    expect(await poll.list({ environment })).toHaveLength(100);
    times.push(performance.now() - start);
  }
  const [median = 0] = times.toSorted((a, b) => a - b).slice(15);
  process.stdout.write(`a list of 100 containers takes ${median.toFixed(1)} ms (median of 30)\n`);
});

test("a process that has closed its poll ends by itself, though a watch was open", async () => {
  const door = new URL("poll.ts", import.meta.url).href;
  const script = `
    import { openEnginePoll } from ${JSON.stringify(door)};
    const environment = ${JSON.stringify(bench.environment)};
    const poll = openEnginePoll({ dockerHost: ${JSON.stringify(sharedEngineHost())}, timeoutMs: 60_000 });
    const ends = [];
    poll.watch({ environment, onEvent: () => {}, onEnd: (error) => ends.push(error) });
    const before = await poll.list({ environment });
    poll.close();
    console.log(JSON.stringify({ ends, isList: Array.isArray(before) }));`;
  const output = await outputOf([process.execPath, "--input-type=module", "--eval", script], {
    timeoutMs: 20_000,
  });
  expect(JSON.parse(output)).toEqual({ ends: [null], isList: true });
});
