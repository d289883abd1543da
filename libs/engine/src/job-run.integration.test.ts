import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";

import { sharedEngine, sharedEngineHost, startEngineProxy, waitFor } from "@keelson/test/support";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type Engine, type JobRun, connectEngine, findRuns, newRunName, runJob, stopRun } from "./index.ts";
import { readLastOutput } from "./last-output.ts";
import { type TestBench, makeTestBench } from "./test-bench.ts";

/** It does not hear a stop. */
const deafCommand = ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"];

let bench: TestBench;
beforeAll(async () => {
  bench = await makeTestBench(await sharedEngine());
  await bench.writeCompose("web", {
    job: { command: ["sh", "-c", "echo out; echo err >&2; exit 7"] },
    slow: { command: ["sh", "-c", "trap 'exit 0' TERM; echo at work; while :; do sleep 1; done"] },
    late: { command: ["sh", "-c", "sleep 2; exit 7"] },
    deaf: { command: deafCommand, stop_grace_period: "6s" },
    endless: { command: deafCommand, stop_grace_period: "1h" },
    lost: { image: `${bench.environment}-lost:1` },
  });
});
afterAll(() => bench[Symbol.asyncDispose]());

/** A run, with what it wrote. */
async function run(more: Partial<JobRun> & { engine?: Engine } = {}) {
  const { project = bench.project("web"), service = "job" } = more;
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const { composeBinary, signal, longestStopMs } = bench.context;
  const { engine = bench.context.engine } = more;
  const name = newRunName({ project, service });
  const job = {
    composeBinary,
    project,
    service,
    name,
    command: [],
    secretVariables: {},
    signal,
    longestStopMs,
  };
  const composeFile = bench.context.composeFileOf("web");
  try {
    const exitCode = await runJob(engine, { ...job, composeFile, stdout, stderr, ...more });
    stdout.end();
    stderr.end();
    return { exitCode, stdout: await text(stdout), stderr: await text(stderr) };
  } finally {
    stdout.end();
    stderr.end();
  }
}

const impatient = () => connectEngine({ dockerHost: sharedEngineHost(), timeoutMs: 4_000 });

const runsOf = async (service: string) => {
  const { engine, signal } = bench.context;
  return findRuns(engine, { project: bench.project("web"), service, signal });
};

describe("a job that is run once more", () => {
  test("gives its exit code and both its streams, and leaves nothing", async () => {
    expect(await run()).toEqual({ exitCode: 7, stdout: "out\n", stderr: "err\n" });
    const label = [`com.docker.compose.project=${bench.project("web")}`];
    expect(await bench.docker.listContainers({ all: true, filters: { label } })).toEqual([]);
  });

  test("is K3008 when Compose cannot run it, with what it said, and when there is no Compose", async () => {
    await expect(run({ service: "lost" })).rejects.toMatchObject({
      code: "K3008",
      outcome: { kind: "transient" },
      cause: { message: expect.stringContaining(`${bench.environment}-lost`) },
    });
    await expect(run({ composeBinary: "/no/such/compose" })).rejects.toMatchObject({
      code: "K3008",
      outcome: { kind: "stalled" },
    });
  });

  test("tells when it has started, and is found while it runs", async () => {
    const { engine, signal } = bench.context;
    const stop = new AbortController();
    const of = { project: bench.project("web"), service: "slow", signal };
    const started = Promise.withResolvers<void>();
    const ended = run({ service: "slow", signal: stop.signal, onStart: started.resolve });
    await started.promise;
    expect(await findRuns(engine, of)).toEqual([expect.stringMatching(/-web-slow-run-/)]);
    expect(await findRuns(engine, { ...of, service: "job" })).toEqual([]);
    stop.abort();
    await expect(ended).rejects.toMatchObject({ code: "K3014" });
    expect(await findRuns(engine, of)).toEqual([]);
  });

  test("is stopped by its name, which gives what it wrote last, and leaves nothing", async () => {
    const { engine, signal } = bench.context;
    const name = newRunName({ project: bench.project("web"), service: "slow" });
    const started = Promise.withResolvers<void>();
    const ended = run({ service: "slow", name, onStart: started.resolve });
    await started.promise;
    // Before it says so, it does not listen for the stop yet.
    await waitFor(async () => (await readLastOutput(engine, { id: name, signal })).endsWith("at work"), {
      what: "the job to be at work",
    });
    const context = { engine, signal, longestStopMs: 60_000 };
    expect(await stopRun(context, name)).toMatch(/at work$/);
    expect((await ended).exitCode).toBe(0);
    expect(await findRuns(engine, { project: bench.project("web"), service: "slow", signal })).toEqual([]);
    // One that is gone is fine.
    expect(await stopRun(context, name)).toBe("(no container)");
  });

  test("is not begun when it was cancelled before", async () => {
    await expect(run({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "K3014" });
  });

  test("is stopped when its start cannot be noted, and throws why", async () => {
    const full = new Error("the disk is full");
    const onStart = () => {
      throw full;
    };
    await expect(run({ service: "slow", onStart })).rejects.toBe(full);
    expect(await runsOf("slow")).toEqual([]);
  });

  test("is stopped when an event of it cannot be read", async () => {
    await using proxy = await startEngineProxy(sharedEngineHost());
    const engine = connectEngine({ dockerHost: proxy.dockerHost });
    await expect(
      run({ engine, service: "slow", onStart: () => proxy.tell("{ no event\n") }),
    ).rejects.toMatchObject({ code: "K3009", message: expect.stringContaining("tell its events") });
    expect(await runsOf("slow")).toEqual([]);
  });

  test.each<[string, Partial<JobRun> & { engine?: Engine }]>([
    ["longer than the engine has for an answer", { service: "deaf", engine: impatient() }],
    ["for longer than the node gives", { service: "endless", longestStopMs: 1_000 }],
  ])("is stopped when it takes its time %s", async (_how, more) => {
    const stop = new AbortController();
    const ended = run({ ...more, signal: stop.signal, onStart: () => stop.abort() });
    await expect(ended).rejects.toMatchObject({ code: "K3014" });
    expect(await runsOf(more.service ?? "")).toEqual([]);
  });

  test("is K3053 when it cannot be stopped, because the engine is away", async () => {
    await using proxy = await startEngineProxy(sharedEngineHost());
    const engine = connectEngine({ dockerHost: proxy.dockerHost });
    const stop = new AbortController();
    const started = Promise.withResolvers<void>();
    const ended = run({ engine, service: "slow", signal: stop.signal, onStart: started.resolve });
    const loseEngine = async () => {
      await started.promise;
      await proxy.stop();
      stop.abort();
    };
    await Promise.all([
      expect(ended).rejects.toMatchObject({ code: "K3053", cause: { code: "K3001" } }),
      loseEngine(),
    ]);
    const [left = ""] = await runsOf("slow");
    expect(left).toMatch(/-web-slow-run-/);
    await stopRun(bench.context, left);
    await waitFor(async () => (await runsOf("slow")).length === 0, { what: "the container to end" });
  });

  test("tells when it has started also where the engine's events broke off before", async () => {
    await using proxy = await startEngineProxy(sharedEngineHost(), (line) => {
      if (!/^POST \S*\/containers\/create/.test(line)) return;
      proxy.allowEvents(false);
      proxy.cutEvents();
    });
    const engine = connectEngine({ dockerHost: proxy.dockerHost });
    const stop = new AbortController();
    let isTold = false;
    const onStart = () => {
      isTold = true;
    };
    const ended = run({ engine, service: "slow", signal: stop.signal, onStart });
    const awaitStart = async () => {
      const label = [`com.docker.compose.project=${bench.project("web")}`];
      const isRunning = async () => (await bench.docker.listContainers({ filters: { label } })).length > 0;
      await waitFor(isRunning, { what: "the container to run" });
      proxy.allowEvents(true);
      await waitFor(() => isTold, { what: "the start to be told" }).finally(() => stop.abort());
    };
    await Promise.all([expect(ended).rejects.toMatchObject({ code: "K3014" }), awaitStart()]);
  });

  test("gives its exit code also where the engine's events broke off while it ran", async () => {
    await using proxy = await startEngineProxy(sharedEngineHost());
    const engine = connectEngine({ dockerHost: proxy.dockerHost });
    const starts: string[] = [];
    const onStart = () => {
      starts.push("started");
      proxy.cutEvents();
    };
    expect((await run({ engine, service: "late", onStart })).exitCode).toBe(7);
    expect(starts).toEqual(["started"]);
  });
});
