import { once } from "node:events";

import { sharedEngine, waitFor } from "@keelson/test/support";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  execInContainer,
  removeContainer,
  restartContainer,
  signalContainer,
  stopContainer,
} from "./index.ts";
import { type TestBench, makeTestBench, operationOf } from "./test-bench.ts";

let bench: TestBench;
beforeAll(async () => {
  bench = await makeTestBench(await sharedEngine());
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  // They have no name that tells whose they are.
  const { Volumes: left } = await bench.docker.listVolumes();
  for (const { Name: name } of left.filter((volume) => anonymousVolumes.includes(volume.Name))) {
    await bench.docker.getVolume(name).remove();
  }
});

const anonymousVolumes: string[] = [];

/** A container that writes what it is told by signals, runs unless told, and ends on TERM by itself. */
async function container(name: string, { isStarted = true } = {}) {
  const script =
    "trap 'echo hup' HUP; trap 'echo term; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
  const containerName = `${bench.project("core")}-${name}-1`;
  const made = await bench.docker.createContainer({
    name: containerName,
    Image: bench.image,
    Cmd: ["sh", "-c", script],
    Labels: bench.serviceLabels("core", name),
    HostConfig: { NetworkMode: "none", Mounts: [{ Type: "volume", Source: "", Target: "/anonymous" }] },
    StopTimeout: 30,
  });
  const { Mounts: mounts } = await made.inspect();
  anonymousVolumes.push(...mounts.flatMap(({ Name: name }) => name ?? []));
  if (isStarted) {
    await made.start();
    await waitFor(async () => (await logOf(made.id)).includes("ready"), {
      what: "the container to be ready",
    });
  }
  return { containerId: made.id, containerName };
}

const logOf = async (id: string) =>
  String(await bench.docker.getContainer(id).logs({ stdout: true, stderr: true }));
const stateOf = async (id: string) => (await bench.docker.getContainer(id).inspect()).State;

test("a signal reaches the first process; a container that does not run is K3010", async () => {
  const { containerId } = await container("signal");
  const fields = {
    instance: "core",
    project: bench.project("core"),
    service: "signal",
    containerId,
    signal: "HUP",
  };
  await signalContainer(bench.context, operationOf("signal-container", fields));
  await waitFor(async () => (await logOf(containerId)).includes("hup"), { what: "the signal to arrive" });
  await bench.docker.getContainer(containerId).stop({ t: 0 });
  for (const id of [containerId, "0".repeat(64)]) {
    const operation = operationOf("signal-container", { ...fields, containerId: id });
    await expect(signalContainer(bench.context, operation)).rejects.toMatchObject({ code: "K3010" });
  }
});

test("a restart keeps the container and starts it anew, paused or stopped too; a gone one is K3010", async () => {
  const { containerId } = await container("restart");
  const operation = operationOf("restart-container", {
    instance: "core",
    project: bench.project("core"),
    service: "restart",
    containerId,
  });
  for (const prepare of ["none", "pause", "stop"] as const) {
    if (prepare !== "none") await bench.docker.getContainer(containerId)[prepare]({});
    const before = await stateOf(containerId);
    await restartContainer(bench.context, operation);
    const after = await stateOf(containerId);
    expect({ prepare, ...after }).toMatchObject({ Status: "running", Paused: false });
    expect(after.StartedAt).not.toBe(before.StartedAt);
  }
  const gone = { ...operation, containerId: "0".repeat(64) };
  await expect(restartContainer(bench.context, gone)).rejects.toMatchObject({ code: "K3010" });
});

test("a stop lets the container end by itself; stopped and gone ones are fine", async () => {
  const { containerId, containerName } = await container("stop");
  const operation = operationOf("stop-container", { containerId, containerName });
  await stopContainer(bench.context, operation);
  expect(await stateOf(containerId)).toMatchObject({ Status: "exited", ExitCode: 0 });
  expect(await logOf(containerId)).toContain("term");
  await stopContainer(bench.context, operation);
  await bench.docker.getContainer(containerId).remove({ v: true });
  await stopContainer(bench.context, operation);
});

test("a stop may take as long as the container's own grace, beyond the time for other requests", async () => {
  const { containerId, containerName } = await container("grace");
  const made = await bench.docker.getContainer(containerId).inspect();
  expect(made.Config).toMatchObject({ StopTimeout: 30 });
  await bench.docker.getContainer(containerId).remove({ force: true, v: true });
  const slow = await bench.docker.createContainer({
    name: containerName,
    Image: bench.image,
    Cmd: ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"],
    StopTimeout: 8,
  });
  await slow.start();
  await waitFor(async () => (await logOf(slow.id)).includes("ready"), { what: "the container to be ready" });
  const engine = { ...bench.context.engine, timeoutMs: 5_000 };
  const operation = operationOf("stop-container", { containerId: slow.id, containerName });
  await stopContainer({ ...bench.context, engine }, operation);
  expect((await stateOf(slow.id)).ExitCode).toBe(137);
});

test.each([3_600_000, -1])("a grace of %d s is cut to what the node gives", async (seconds) => {
  const { id, name } = await deaf(seconds);
  const context = { ...bench.context, longestStopMs: 1_000 };
  const instance = "deaf";
  await restartContainer(
    context,
    operationOf("restart-container", {
      containerId: id,
      instance,
      project: bench.project(instance),
      service: "app",
    }),
  );
  expect(await stateOf(id)).toMatchObject({ Status: "running" });
  await stopContainer(context, operationOf("stop-container", { containerId: id, containerName: name }));
  expect(await stateOf(id)).toMatchObject({ Status: "exited", ExitCode: 137 });
});

/** A container that does not hear a stop. */
async function deaf(graceSeconds: number) {
  const name = `${bench.environment}-deaf${graceSeconds}`;
  const made = await bench.docker.createContainer({
    name,
    Image: bench.image,
    Cmd: ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"],
    Labels: bench.serviceLabels("deaf", "app"),
    StopTimeout: graceSeconds,
  });
  await made.start();
  await waitFor(async () => (await logOf(made.id)).includes("ready"), { what: "the container to be ready" });
  return { id: made.id, name };
}

test("a removal stops in order, keeps anonymous volumes, and is fine twice and at the same time", async () => {
  const { containerId, containerName } = await container("remove");
  const { Mounts: mounts } = await bench.docker.getContainer(containerId).inspect();
  const volume = bench.docker.getVolume(mounts[0]?.Name ?? "");
  const events = await bench.docker.getEvents({ filters: { container: [containerId], event: ["die"] } });
  const died = once(events, "data");
  const operation = operationOf("remove-container", { containerId, containerName });
  await Promise.all([1, 2, 3].map(() => removeContainer(bench.context, operation)));
  await removeContainer(bench.context, operation);
  await expect(bench.docker.getContainer(containerId).inspect()).rejects.toMatchObject({ statusCode: 404 });
  // Ended by itself and not killed.
  const [event] = await died;
  Object(events).destroy();
  expect(JSON.parse(String(event))).toMatchObject({ Actor: { Attributes: { exitCode: "0" } } });
  expect(await volume.inspect()).toBeDefined();
});

test.each(["created", "paused"])("a container that is %s is removed too", async (state) => {
  const { containerId, containerName } = await container(state, { isStarted: state === "paused" });
  if (state === "paused") await bench.docker.getContainer(containerId).pause();
  await removeContainer(bench.context, operationOf("remove-container", { containerId, containerName }));
  await expect(bench.docker.getContainer(containerId).inspect()).rejects.toMatchObject({ statusCode: 404 });
});

describe("a command in a container", () => {
  const exec = (containerId: string, command: string[], context = bench.context) =>
    execInContainer(
      context,
      operationOf("exec-in-container", {
        instance: "core",
        project: bench.project("core"),
        service: "exec",
        containerId,
        command,
      }),
    );

  test("that exits with 0 is done, any other is K3011 with its output as the cause", async () => {
    const { containerId } = await container("exec");
    await exec(containerId, ["true"]);
    await expect(
      exec(containerId, ["sh", "-c", "echo out; printf '\\033[1mbad\\n' >&2; exit 4"]),
    ).rejects.toMatchObject({
      code: "K3011",
      message: `sh in ${bench.project("core")}/exec exited with code 4`,
      cause: { message: expect.stringMatching(/^(out\nbad|bad\nout)$/) },
    });
    await expect(exec(containerId, ["/no/such/program"])).rejects.toMatchObject({ code: "K3011" });
    // More output than is kept neither blocks the command nor fills the memory.
    await exec(containerId, ["sh", "-c", "head -c 3000000 /dev/zero"]);
    const controller = new AbortController();
    const running = exec(containerId, ["sleep", "100"], { ...bench.context, signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: "K3014" });
  });

  test("that does not run or is gone is K3010", async () => {
    const { containerId } = await container("stopped", { isStarted: false });
    await expect(exec(containerId, ["true"])).rejects.toMatchObject({ code: "K3010" });
    await expect(exec("0".repeat(64), ["true"])).rejects.toMatchObject({ code: "K3010" });
  });
});
