import { once } from "node:events";
import { createServer } from "node:net";

import type { ComposeService, DependencyCondition } from "@keelson/model";
import { findFreePort, sharedEngine, startEngine, waitFor } from "@keelson/test/support";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { connectEngine } from "./engine.ts";
import { awaitService, createContainers, createNetwork, observeEngine, startService } from "./index.ts";
import { type TestBench, makeTestBench, operationOf } from "./test-bench.ts";

let bench: TestBench;
beforeAll(async () => {
  bench = await makeTestBench(await sharedEngine());
});
afterAll(() => bench[Symbol.asyncDispose]());

const shell = (script: string): Partial<ComposeService> => ({ command: ["sh", "-c", script] });

async function make(instance: string, services: Record<string, Partial<ComposeService>>): Promise<string> {
  const project = bench.project(instance);
  await bench.writeCompose(instance, services);
  const operation = { instance, project, services: Object.keys(services), force: false };
  await createContainers(bench.context, operationOf("create-containers", operation));
  return project;
}

const start = (instance: string, service: string, context = bench.context) =>
  startService(
    context,
    operationOf("start-service", { instance, project: bench.project(instance), service }),
  );

interface Wait {
  condition: DependencyCondition;
  mayEnd?: boolean;
  timeoutMs?: number;
  signal?: AbortSignal;
}

function wait(instance: string, { signal = bench.context.signal, ...asked }: Wait) {
  const place = { instance, project: bench.project(instance), service: "app" };
  const operation = { mayEnd: false, timeoutMs: 60_000, ...place, ...asked };
  return awaitService({ ...bench.context, signal }, operationOf("await-service", operation));
}

/** Longer than a test may take: only what ends by itself ends in time. */
const neverMs = 3_600_000;

async function run(instance: string, app: Partial<ComposeService>): Promise<string> {
  const project = await make(instance, { app });
  await start(instance, "app");
  return project;
}

const stateOf = async (name: string) => (await bench.docker.getContainer(name).inspect()).State;

describe("starting", () => {
  test("neither starts nor waits for what only carries the service's labels", async () => {
    const project = await make("copied", { app: shell("sleep 1000") });
    const copy = await bench.docker.createContainer({
      name: `${project}-app-2`,
      Image: bench.image,
      Labels: { ...bench.serviceLabels("copied", "app"), "com.docker.compose.container-number": "2" },
    });
    bench.foreign.add(copy.id);
    await start("copied", "app");
    await wait("copied", { condition: "service_started" });
    expect((await stateOf(`${project}-app-1`)).Status).toBe("running");
    expect((await stateOf(copy.id)).Status).toBe("created");
    // Compose would take it for its own.
    await expect(make("copied", { app: shell("sleep 999") })).rejects.toMatchObject({ code: "K3007" });
    expect((await stateOf(copy.id)).Status).toBe("created");
  });

  test("starts all containers of one service and nothing else, again without effect", async () => {
    const project = await make("start", {
      app: { ...shell("sleep 1000"), scale: 2 },
      other: shell("sleep 9"),
    });
    await start("start", "app");
    const before = await stateOf(`${project}-app-1`);
    expect(before.Status).toBe("running");
    expect((await stateOf(`${project}-app-2`)).Status).toBe("running");
    expect((await stateOf(`${project}-other-1`)).Status).toBe("created");
    await start("start", "app");
    expect((await stateOf(`${project}-app-1`)).StartedAt).toBe(before.StartedAt);
    await bench.docker.getContainer(`${project}-app-1`).pause();
    await bench.docker.getContainer(`${project}-app-2`).stop({ t: 0 });
    await start("start", "app");
    expect(await stateOf(`${project}-app-1`)).toMatchObject({ Status: "running", Paused: false });
    expect((await stateOf(`${project}-app-2`)).Status).toBe("running");
  });

  test("of a service without containers is K3010", async () => {
    await expect(start("nothing", "app")).rejects.toMatchObject({ code: "K3010" });
  });

  test("of a program that is not there is K3009", async () => {
    await make("noprogram", { app: { command: ["/no/such/program"] } });
    await expect(start("noprogram", "app")).rejects.toMatchObject({ code: "K3009" });
  });
});

describe("a port that is taken", () => {
  async function makeWithPort(instance: string, port: number): Promise<void> {
    const project = bench.project(instance);
    const network = { key: "default", name: `${project}_default`, digest: "n", definition: {} };
    await createNetwork(bench.context, operationOf("create-network", { instance, project, network }));
    const ports = [{ target: 80, published: String(port), host_ip: "127.0.0.1" }];
    await make(instance, { app: { ...shell("sleep 1000"), networks: { default: null }, ports } });
  }

  test("by another container is K3004 naming it; once it is free the service starts", async () => {
    const port = await findFreePort();
    await makeWithPort("first", port);
    await makeWithPort("second", port);
    await start("first", "app");
    const holder = `${bench.project("first")}-app-1`;
    await expect(start("second", "app")).rejects.toMatchObject({
      code: "K3004",
      outcome: { kind: "transient" },
      message: expect.stringContaining(`${port}/tcp is held by ${holder}`),
    });
    expect((await stateOf(holder)).Status).toBe("running");
    await bench.docker.getContainer(holder).stop({ t: 0 });
    await start("second", "app");
    await bench.docker.getContainer(`${bench.project("second")}-app-1`).stop({ t: 0 });
  });

  test("is not meant where another container has the address in a network: that is K3009 with the engine's words", async () => {
    const project = bench.project("address");
    const definition = { ipam: { config: [{ subnet: "10.213.91.0/24" }] } };
    const network = { key: "default", name: `${project}_default`, digest: "n", definition };
    await createNetwork(
      bench.context,
      operationOf("create-network", { instance: "address", project, network }),
    );
    const app = { ...shell("sleep 1000"), networks: { default: { ipv4_address: "10.213.91.5" } } };
    await make("address", { app, other: app });
    await start("address", "app");
    await expect(start("address", "other")).rejects.toMatchObject({
      code: "K3009",
      cause: expect.objectContaining({ message: expect.stringContaining("Address already in use") }),
    });
  });

  test("by another program is K3004", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = Object(server.address());
    await makeWithPort("program", port);
    try {
      await expect(start("program", "app")).rejects.toMatchObject({
        code: "K3004",
        message: expect.stringContaining(`${port}/tcp is held by another program`),
      });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe("waiting", () => {
  const check = (test: string, { interval = "100ms", retries = 1 } = {}) => ({
    healthcheck: { test: ["CMD-SHELL", test], interval, timeout: "5s", retries },
  });

  test("for a start ends when the container runs", async () => {
    await run("started", shell("sleep 1000"));
    await expect(wait("started", { condition: "service_started" })).resolves.toBeUndefined();
    await expect(wait("started", { condition: "service_healthy" })).resolves.toBeUndefined();
  });

  test("for health ends when the last container is healthy", async () => {
    const project = await run("healthy", {
      ...shell("sleep 1000"),
      ...check("test -e /tmp/well", { retries: 10_000 }),
      scale: 2,
      user: "root",
    });
    const waiting = wait("healthy", { condition: "service_healthy" });
    const heal = async (name: string) => {
      const exec = await bench.docker.getContainer(name).exec({ Cmd: ["touch", "/tmp/well"] });
      await exec.start({ Detach: true });
      const isHealthy = async () => (await stateOf(name)).Health?.Status === "healthy";
      await waitFor(isHealthy, { what: `${name} to be healthy` });
    };
    await heal(`${project}-app-1`);
    const first = await Promise.race([waiting.then(() => "over"), Promise.resolve("still waiting")]);
    expect(first).toBe("still waiting");
    await heal(`${project}-app-2`);
    await waiting;
    expect(bench.progress.at(-1)).toMatchObject({ message: `waiting for ${project}/app`, done: 2, total: 2 });
  });

  test("for health ends with K3005 as soon as it is unhealthy, with what the check said", async () => {
    await run("sick", { ...shell("sleep 1000"), ...check("printf 'no \\033[31mdatabase'; exit 1") });
    await expect(wait("sick", { condition: "service_healthy", timeoutMs: neverMs })).rejects.toMatchObject({
      code: "K3005",
      outcome: { kind: "transient" },
      message: `${bench.project("sick")}-app-1 is unhealthy`,
      cause: { message: "no database" },
    });
    expect((await stateOf(`${bench.project("sick")}-app-1`)).Status).toBe("running");
  });

  test("for health that the check has not given up on is K3005 at the end of its time", async () => {
    const project = await run("slow", { ...shell("sleep 1000"), ...check("false", { retries: 10_000 }) });
    await expect(wait("slow", { condition: "service_healthy", timeoutMs: 1_500 })).rejects.toMatchObject({
      code: "K3005",
      message: `${project}-app-1 did not become healthy within 1.5 s`,
    });
    const { StartedAt: startedAt } = await stateOf(`${project}-app-1`);
    expect(Date.now() - Date.parse(startedAt)).toBeGreaterThanOrEqual(1_500);
  });

  test.each([
    ["health", { ...shell("sleep 1000"), ...check("false", { interval: "1h" }) }, "service_healthy", "K3005"],
    ["a one-shot", shell("sleep 1000"), "service_completed_successfully", "K3006"],
  ] as const)(
    "for %s goes on with what is left of its time, and not anew",
    async (_, service, condition, code) => {
      const instance = `resumed-${code.toLowerCase()}`;
      const project = await run(instance, service);
      const { StartedAt: startedAt } = await stateOf(`${project}-app-1`);
      await waitFor(() => Date.now() - Date.parse(startedAt) > 1_000, { what: "the trial to be over" });
      const looks = () =>
        bench.progress.filter(({ message }) => message === `waiting for ${project}/app`).length;
      const before = looks();
      await expect(wait(instance, { condition, timeoutMs: 1_000 })).rejects.toMatchObject({ code });
      expect(looks() - before).toBe(1);
    },
  );

  test("for a one-shot ends when it exited with 0", async () => {
    const project = await run("oneshot", shell("sleep 0.3"));
    await wait("oneshot", { condition: "service_completed_successfully" });
    expect(await stateOf(`${project}-app-1`)).toMatchObject({ Status: "exited", ExitCode: 0 });
  });

  test("for a one-shot that fails is K3006 at once, with the end of its log", async () => {
    await run("fails", shell("{ seq 1 20; echo last; } >&2; exit 3"));
    const error: unknown = await wait("fails", {
      condition: "service_completed_successfully",
      timeoutMs: neverMs,
    }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: "K3006",
      message: `${bench.project("fails")}-app-1 exited with code 3`,
    });
    const { message } = Object(Object(error).cause);
    expect(message.split("\n")).toHaveLength(10);
    expect(message).toMatch(/^…12\n[^]*\n20\nlast$/);
    expect(error).toMatchObject({ hint: expect.stringContaining("keelson logs fails app.") });
  });

  test("for a one-shot that fails again tells what it said this time, and not before", async () => {
    // The engine notes a start late, so that what was said less than a second before it counts.
    await run("fails-again", shell("echo no database; sleep 1.5; exit 3"));
    for (let time = 1; time <= 3; time++) {
      const waiting = wait("fails-again", {
        condition: "service_completed_successfully",
        timeoutMs: neverMs,
      });
      await expect(waiting).rejects.toMatchObject({ code: "K3006", cause: { message: "no database" } });
      await start("fails-again", "app");
    }
  });

  test("for a one-shot that does not end is K3006 after the timeout", async () => {
    const project = await run("endless", shell("echo working; sleep 1000"));
    const container = bench.docker.getContainer(`${project}-app-1`);
    const isAtWork = async () => String(await container.logs({ stdout: true })).includes("working");
    await waitFor(isAtWork, { what: "it to be at work" });
    const waiting = wait("endless", { condition: "service_completed_successfully", timeoutMs: 500 });
    await expect(waiting).rejects.toMatchObject({ code: "K3006", cause: { message: "working" } });
  });

  test("for a job of which nobody awaits the end is over when it runs, and when it exited with 0", async () => {
    const project = await run("at-work", shell("sleep 1000"));
    await wait("at-work", { condition: "service_started", mayEnd: true });
    expect(await stateOf(`${project}-app-1`)).toMatchObject({ Status: "running" });
    await run("done", shell("exit 0"));
    await wait("done", { condition: "service_started", mayEnd: true });
    expect(await stateOf(`${bench.project("done")}-app-1`)).toMatchObject({ Status: "exited", ExitCode: 0 });
  });

  test("for such a job that fails is K3006 at once", async () => {
    await run("broken", shell("echo no; exit 3"));
    const waiting = wait("broken", { condition: "service_started", mayEnd: true, timeoutMs: neverMs });
    await expect(waiting).rejects.toMatchObject({ code: "K3006", cause: { message: "no" } });
  });

  test("for a service that exits is K3010 at once when nothing starts it again", async () => {
    await run("exits", shell("echo bye; exit 7"));
    await waitFor(async () => (await stateOf(`${bench.project("exits")}-app-1`)).Status === "exited", {
      what: "the service to exit",
    });
    for (const condition of ["service_started", "service_healthy"] as const) {
      await expect(wait("exits", { condition, timeoutMs: neverMs })).rejects.toMatchObject({
        code: "K3010",
        message: `${bench.project("exits")}-app-1 exited with code 7`,
        cause: { message: "bye" },
      });
    }
  });

  test("for a start of a service that ends soon after it is K3010, not done", async () => {
    await run("brief", shell("sleep 0.3; echo bye; exit 4"));
    await expect(wait("brief", { condition: "service_started", timeoutMs: neverMs })).rejects.toMatchObject({
      code: "K3010",
      message: `${bench.project("brief")}-app-1 exited with code 4`,
    });
  });

  test("for health of a service that keeps restarting is K3010 after the timeout", async () => {
    await run("loop", {
      ...shell("echo again; sleep 0.1; exit 2"),
      restart: "always",
      ...check("false", { interval: "30s" }),
    });
    const waiting = wait("loop", { condition: "service_healthy", timeoutMs: 2_000 });
    const error: unknown = await waiting.catch((caught: unknown) => caught);
    // In the instant of the last look it may be running for a moment.
    expect(["K3010", "K3005"]).toContain(Object(error).code);
  });

  test("for a service whose container goes away is K3010", async () => {
    const project = await run("away", { ...shell("sleep 1000"), ...check("false", { interval: "30s" }) });
    await Promise.all([
      expect(wait("away", { condition: "service_healthy" })).rejects.toMatchObject({ code: "K3010" }),
      bench.docker.getContainer(`${project}-app-1`).remove({ force: true }),
    ]);
  });

  test("is ended by the caller with K3014", async () => {
    await run("cancelled", { ...shell("sleep 1000"), ...check("false", { interval: "30s" }) });
    const controller = new AbortController();
    const waiting = wait("cancelled", { condition: "service_healthy", signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "K3014" });
  });
});

test("an engine that stops while one waits is K3001", async () => {
  await using own = await startEngine();
  await using there = await makeTestBench(own.docker, own.dockerHost);
  const [instance, project, service] = ["core", there.project("core"), "app"];
  await there.writeCompose(instance, {
    app: { ...shell("sleep 1000"), healthcheck: { test: ["CMD", "false"], interval: "30s" } },
  });
  const creation = { instance, project, services: [service], force: false };
  await createContainers(there.context, operationOf("create-containers", creation));
  await startService(there.context, operationOf("start-service", { instance, project, service }));
  const waiting = awaitService(
    there.context,
    operationOf("await-service", {
      instance,
      project,
      service,
      condition: "service_healthy",
      mayEnd: false,
      timeoutMs: 60_000,
    }),
  );
  const failure = waiting.catch((caught: unknown) => caught);
  await own.kill();
  expect(await failure).toMatchObject({ code: "K3001", outcome: { kind: "transient" } });
  await own.start();
  const engine = connectEngine({ dockerHost: own.dockerHost });
  const { containers } = await observeEngine(engine, there.observation({ projects: [project] }));
  expect(containers).toHaveLength(1);
});
