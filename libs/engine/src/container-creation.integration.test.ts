import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, writeFile } from "node:fs/promises";

import { composeLabels, labels, nameAside } from "@keelson/model";
import {
  buildImageArchive,
  loadImages,
  removeImages,
  removeProjects,
  runProgram,
  sharedEngine,
  sharedEngineHost,
  startEngine,
  waitFor,
} from "@keelson/test/support";
import { afterAll, beforeAll, expect, test } from "vitest";

import { connectEngine } from "./engine.ts";
import { createContainers, observeEngine, renameContainer, startService } from "./index.ts";
import { type TestBench, everything, makeTestBench, operationOf } from "./test-bench.ts";

let bench: TestBench;
beforeAll(async () => {
  bench = await makeTestBench(await sharedEngine());
});
afterAll(() => bench[Symbol.asyncDispose]());

const sleeper = (seconds = 1000) => ({ command: ["sleep", String(seconds)] });

interface Creation {
  services: string[];
  force?: boolean;
  class?: "live";
}

function creation(instance: string, { force = false, ...what }: Creation) {
  return operationOf("create-containers", { instance, project: bench.project(instance), force, ...what });
}

const create = (instance: string, what: Creation, context = bench.context) =>
  createContainers(context, creation(instance, what));

const start = (instance: string, service: string) =>
  startService(
    bench.context,
    operationOf("start-service", { instance, project: bench.project(instance), service }),
  );

/** Names, ids and states of what a project has. */
async function containersOf(instance: string) {
  const all = await bench.docker.listContainers({
    all: true,
    filters: { label: [`${composeLabels.project}=${bench.project(instance)}`] },
  });
  return all
    .map(({ Names: [name = ""], Id: id, State: state }) => ({ name: name.slice(1), id, state }))
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

test("only the named services are created, none is started, and what runs with the same model stays", async () => {
  const project = bench.project("plain");
  const services = { a: { ...sleeper(), depends_on: { b: { condition: "service_started" as const } } } };
  await bench.writeCompose("plain", { ...services, b: sleeper(), c: sleeper() });
  await create("plain", { services: ["a"] });
  expect(await containersOf("plain")).toMatchObject([{ name: `${project}-a-1`, state: "created" }]);
  await start("plain", "a");
  const [running] = await containersOf("plain");
  await create("plain", { services: ["a", "b"] });
  expect(await containersOf("plain")).toMatchObject([
    { name: `${project}-a-1`, id: running?.id, state: "running" },
    { name: `${project}-b-1`, state: "created" },
  ]);
  await create("plain", { services: ["a"], force: true });
  const [recreated] = await containersOf("plain");
  expect(recreated).toMatchObject({ name: `${project}-a-1`, state: "created" });
  expect(recreated?.id).not.toBe(running?.id);
});

test("what disturbs nothing adds what lacks and leaves what is there, also when its labels are older", async () => {
  const withDigest = (digest: string, scale: number) => ({
    a: { ...sleeper(), scale, labels: { [labels.digest]: digest } },
  });
  await bench.writeCompose("larger", withDigest("older", 1));
  await create("larger", { services: ["a"] });
  await start("larger", "a");
  const [before] = await containersOf("larger");
  await bench.writeCompose("larger", withDigest("newer", 2));
  await create("larger", { services: ["a"], class: "live" });
  const [kept, added] = await containersOf("larger");
  expect(kept).toEqual(before);
  expect(added).toMatchObject({ name: `${bench.project("larger")}-a-2`, state: "created" });
  await create("larger", { services: ["a"] });
  expect((await containersOf("larger"))[0]?.id).not.toBe(before?.id);
});

test("COMPOSE_* and DOCKER_* of the agent's environment have no effect", async () => {
  const project = bench.project("leak");
  await bench.writeCompose("leak", { a: sleeper(), orphan: sleeper() });
  await create("leak", { services: ["orphan"] });
  await bench.writeCompose("leak", { a: { ...sleeper(), environment: { SEEN: null } } });
  await writeFile(bench.folder.join(".env"), "SEEN=file\nCOMPOSE_REMOVE_ORPHANS=1\n");
  const leaked = {
    COMPOSE_REMOVE_ORPHANS: "1",
    COMPOSE_PROJECT_NAME: "other",
    COMPOSE_FILE: "/nowhere.yaml",
    COMPOSE_PROFILES: "x",
    DOCKER_HOST: "unix:///nowhere.sock",
    DOCKER_CONTEXT: "nowhere",
    SEEN: "agent",
  };
  const before = Object.fromEntries(Object.keys(leaked).map((name) => [name, process.env[name]]));
  Object.assign(process.env, leaked);
  try {
    await create("leak", { services: ["a"] });
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
  expect(await containersOf("leak")).toMatchObject([
    { name: `${project}-a-1` },
    { name: `${project}-orphan-1` },
  ]);
  const { Config: config } = await bench.docker.getContainer(`${project}-a-1`).inspect();
  expect(config.Env.filter((variable) => variable.startsWith("SEEN="))).toEqual([]);
});

test("what Compose cannot do is K3008 with its words as the cause", async () => {
  await bench.writeCompose("bad", { a: { ...sleeper(), image: `${bench.environment}:missing` } });
  await expect(create("bad", { services: ["a"] })).rejects.toMatchObject({
    code: "K3008",
    outcome: { kind: "transient" },
    message: expect.not.stringContaining("No such image"),
    cause: { message: expect.stringContaining("No such image") },
  });
  const context = { ...bench.context, composeBinary: bench.folder.join("no-compose") };
  await expect(create("bad", { services: ["a"] }, context)).rejects.toMatchObject({
    code: "K3008",
    outcome: { kind: "stalled" },
  });
});

test("a foreign container with our name, or with our project's labels, is K3007 and left alone", async () => {
  const project = bench.project("taken");
  await bench.writeCompose("taken", { a: sleeper(), b: sleeper() });
  const named = await bench.docker.createContainer({ name: `${project}-a-1`, Image: bench.image });
  const labelled = await bench.docker.createContainer({
    name: `${bench.environment}-labelled`,
    Image: bench.image,
    Labels: {
      ...bench.serviceLabels("taken", "b"),
      [labels.owner]: "f".repeat(64),
    },
  });
  bench.foreign.add(labelled.id);
  const foreign = { code: "K3007", outcome: { kind: "stalled" } };
  await expect(create("taken", { services: ["a"] })).rejects.toMatchObject({
    ...foreign,
    message: expect.stringContaining(`${project}-a-1`),
  });
  await expect(create("taken", { services: ["b"] })).rejects.toMatchObject({
    ...foreign,
    message: expect.stringContaining(`${bench.environment}-labelled`),
  });
  for (const { id } of [named, labelled]) {
    expect(await bench.docker.getContainer(id).inspect()).toMatchObject({ State: { Status: "created" } });
  }
  await named.remove();
  // What a person runs once carries all labels of the project, and no service takes it for its own.
  const once = await bench.docker.createContainer({
    name: `${project}-a-1`,
    Image: bench.image,
    Labels: { ...bench.serviceLabels("taken", "a"), "com.docker.compose.oneoff": "True" },
  });
  await expect(create("taken", { services: ["a"] })).rejects.toMatchObject(foreign);
  await once.remove();
  await labelled.remove();
  await create("taken", { services: ["a", "b"] });
  expect(await containersOf("taken")).toHaveLength(2);
});

test("what a killed Compose left gets its proper name, and Compose then keeps it", async () => {
  const project = bench.project("left");
  const name = `${project}-a-1`;
  await bench.writeCompose("left", { a: sleeper() });
  await create("left", { services: ["a"] });
  await start("left", "a");
  const { Id: containerId } = await bench.docker.getContainer(name).inspect();
  await bench.docker.getContainer(containerId).rename({ name: `${containerId.slice(0, 12)}_${name}` });

  const { containers } = await observeEngine(
    bench.context.engine,
    bench.observation({ projects: [project] }),
  );
  const left = containers.find((each) => each.id === containerId);
  expect(left).toMatchObject({ ownership: "ours", name: `${containerId.slice(0, 12)}_${name}` });
  const rename = operationOf("rename-container", { containerId, name });
  await renameContainer(bench.context, rename);
  await renameContainer(bench.context, rename);
  await create("left", { services: ["a"] });
  expect(await containersOf("left")).toEqual([{ name, id: containerId, state: "running" }]);
});

test("a service with a name of its own keeps it when it is made anew, also after a kill in between", async () => {
  const [project, named] = [bench.project("named"), `${bench.environment}-front`];
  const write = async (seconds: number) =>
    bench.writeCompose("named", { a: { ...sleeper(seconds), container_name: named } });
  await write(1000);
  await create("named", { services: ["a"] });
  await start("named", "a");
  await write(2000);
  await create("named", { services: ["a"] });
  const [made] = await containersOf("named");
  expect(await containersOf("named")).toEqual([{ name: named, id: made?.id, state: "created" }]);
  await start("named", "a");

  // As Compose leaves it that is killed before the new one has its name.
  const left = `0123456789ab_${named}`;
  await bench.docker.getContainer(made?.id ?? "").rename({ name: left });
  const killed = { projects: [project], containerNames: new Map([[`${project}/a`, named]]) };
  const { containers } = await observeEngine(
    bench.context.engine,
    bench.observation({ ...killed, madeHere: { ...everything, container: () => "unnoted" } }),
  );
  expect(containers.find(({ id }) => id === made?.id)).toMatchObject({
    name: left,
    ownership: "ours",
    number: 1,
  });
  await create("named", { services: ["a"] });
  expect(await containersOf("named")).toMatchObject([{ name: left, state: "running" }]);
  await renameContainer(
    bench.context,
    operationOf("rename-container", { containerId: made?.id ?? "", name: named }),
  );
  await create("named", { services: ["a"] });
  expect(await containersOf("named")).toEqual([{ name: named, id: made?.id, state: "running" }]);
});

test("two services exchange their names when those are set aside before", async () => {
  const [x, y] = [`${bench.environment}-x`, `${bench.environment}-y`];
  const write = async (a: string, b: string) =>
    bench.writeCompose("swap", {
      a: { ...sleeper(), container_name: a },
      b: { ...sleeper(), container_name: b },
    });
  await write(x, y);
  await create("swap", { services: ["a", "b"] });
  const before = await containersOf("swap");
  await write(y, x);
  for (const { id, name } of before)
    await renameContainer(
      bench.context,
      operationOf("rename-container", { containerId: id, name: nameAside({ id, name }) }),
    );
  await create("swap", { services: ["a", "b"] });
  const services = await Promise.all(
    [x, y].map(async (name) => (await bench.docker.getContainer(name).inspect()).Config.Labels),
  );
  expect(services.map((all) => all[composeLabels.service])).toEqual(["b", "a"]);
  expect((await containersOf("swap")).map(({ name }) => name)).toEqual([x, y]);
});

test("a rename to a name that another container has is K3007, one of a gone container K3010", async () => {
  const make = (name: string) =>
    bench.docker.createContainer({ name: `${bench.environment}-${name}`, Image: bench.image });
  const [one, other] = [await make("rename-1"), await make("rename-2")];
  const rename = operationOf("rename-container", {
    containerId: one.id,
    name: `${bench.environment}-rename-2`,
  });
  await expect(renameContainer(bench.context, rename)).rejects.toMatchObject({ code: "K3007" });
  await one.remove();
  await expect(renameContainer(bench.context, rename)).rejects.toMatchObject({ code: "K3010" });
  await other.remove();
});

/** A Compose that says when it begins and can be held up before it does its work; the rest is the real one. */
async function slowCompose(name: string): Promise<{ path: string; began: string; go: string }> {
  const [path, began, go] = [name, `${name}.began`, `${name}.go`].map((part) => bench.folder.join(part));
  const script = [
    "#!/bin/sh",
    `echo $$ >> ${began}`,
    // Not for ever when a test fails: the folder goes with it.
    `while [ ! -e ${go} ]; do [ -e ${began} ] || exit 1; sleep 0.02; done`,
    `exec '${bench.context.composeBinary}' "$@"`,
  ];
  await writeFile(path ?? "", `${script.join("\n")}\n`);
  await chmod(path ?? "", 0o755);
  return { path: path ?? "", began: began ?? "", go: go ?? "" };
}

const linesOf = async (path: string) => (await runProgram(["cat", path])).stdout.split("\n").length - 1;

test("one Compose at a time for a project, while another project does not wait", async () => {
  const slow = await slowCompose("queue");
  const context = { ...bench.context, composeBinary: slow.path };
  for (const instance of ["queue", "other"]) {
    await bench.writeCompose(instance, { a: sleeper(), b: sleeper() });
  }
  const all = [
    create("queue", { services: ["a"] }, context),
    create("queue", { services: ["b"] }, context),
    create("other", { services: ["a"] }, context),
  ];
  await waitFor(async () => (await linesOf(slow.began)) >= 2, { what: "two projects to begin" });
  expect(await linesOf(slow.began)).toBe(2);
  await writeFile(slow.go, "");
  await Promise.all(all);
  expect(await containersOf("queue")).toHaveLength(2);
});

test("the caller's signal ends Compose with K3014, also while it waits for its turn", async () => {
  const slow = await slowCompose("abort");
  const controller = new AbortController();
  const context = { ...bench.context, composeBinary: slow.path, signal: controller.signal };
  await bench.writeCompose("abort", { a: sleeper(), b: sleeper() });
  const first = create("abort", { services: ["a"] }, context);
  const second = create("abort", { services: ["b"] }, context);
  await waitFor(async () => (await linesOf(slow.began)) === 1, { what: "Compose to begin" });
  controller.abort();
  await expect(first).rejects.toMatchObject({ code: "K3014" });
  await expect(second).rejects.toMatchObject({ code: "K3014" });
  expect(await linesOf(slow.began)).toBe(1);
  const pid = (await runProgram(["cat", slow.began])).stdout.trim();
  expect((await runProgram(["kill", "-0", pid])).exitCode).not.toBe(0);
  expect(await containersOf("abort")).toEqual([]);
});

test("a Compose that takes too long is ended and K3008", async () => {
  const slow = await slowCompose("timeout");
  const context = { ...bench.context, composeBinary: slow.path, composeTimeoutMs: 5_000 };
  await bench.writeCompose("timeout", { a: sleeper() });
  await expect(create("timeout", { services: ["a"] }, context)).rejects.toMatchObject({
    code: "K3008",
    outcome: { kind: "transient" },
    message: expect.stringContaining("within 5 s"),
  });
  const pid = (await runProgram(["cat", slow.began])).stdout.trim();
  expect(pid).toMatch(/^\d+$/);
  expect((await runProgram(["kill", "-0", pid])).exitCode).not.toBe(0);
});

test("a lock on the inherited descriptor outlives a killed agent until its Compose has done its work", async () => {
  const project = bench.project("killed");
  const slow = await slowCompose("killed");
  const [lock, agentFile] = [bench.folder.join("lock"), bench.folder.join("agent.mjs")];
  await bench.writeCompose("killed", { a: sleeper(), b: sleeper() });
  const input = {
    operation: creation("killed", { services: ["a", "b"] }),
    composeBinary: slow.path,
    composeFile: bench.context.composeFileOf("killed"),
    dockerHost: sharedEngineHost(),
    environment: bench.environment,
    longestStopMs: bench.context.longestStopMs,
  };
  await writeFile(
    agentFile,
    `import { connectEngine, createContainers } from ${JSON.stringify(import.meta.resolve("./index.ts"))};
     const { operation, composeFile, dockerHost, ...rest } = ${JSON.stringify(input)};
     await createContainers({ ...rest, engine: connectEngine({ dockerHost }), lock: { fd: 9, mark: {} }, ownerOf: () => "", own: { has: () => true, add: () => {} },
       emitProgress: () => {}, signal: new AbortController().signal, composeFileOf: () => composeFile }, operation);`,
  );
  // flock(1) locks descriptor 9 and the shell becomes the agent, which holds it from then on.
  const script = `exec 9>'${lock}' && flock --exclusive 9 && exec '${process.execPath}' '${agentFile}'`;
  const agent = spawn("/bin/sh", ["-c", script], { stdio: "ignore" });
  const isLocked = async () => (await runProgram(["flock", "--nonblock", lock, "true"])).exitCode !== 0;
  await waitFor(async () => (await linesOf(slow.began)) === 1, { what: "Compose to begin" });
  agent.kill("SIGKILL");
  await once(agent, "exit");
  expect(await isLocked()).toBe(true);
  expect(await containersOf("killed")).toEqual([]);
  await writeFile(slow.go, "");
  await waitFor(async () => !(await isLocked()), { what: "the lock to be free" });
  expect(await containersOf("killed")).toMatchObject([
    { name: `${project}-a-1`, state: "created" },
    { name: `${project}-b-1`, state: "created" },
  ]);
});

test("an engine that goes away while Compose works is K3001", async () => {
  await using own = await startEngine();
  const slow = await slowCompose("away");
  await bench.writeCompose("away", { a: sleeper() });
  const engine = connectEngine({ dockerHost: own.dockerHost });
  const context = { ...bench.context, engine, composeBinary: slow.path };
  // From the beginning: it may end as soon as the engine does.
  const ended = create("away", { services: ["a"] }, context).then(
    () => "made",
    (error: unknown) => error,
  );
  await waitFor(async () => (await linesOf(slow.began)) === 1, { what: "Compose to begin" });
  await own.stop();
  await writeFile(slow.go, "");
  expect(await ended).toMatchObject({ code: "K3001", outcome: { kind: "transient" } });
});

test("a container whose grace is longer than the node gives does not hold up its replacement", async () => {
  const deaf = { command: ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"] };
  await bench.writeCompose("deaf", { app: { ...deaf, stop_grace_period: "1000h" } });
  await create("deaf", { services: ["app"] });
  await start("deaf", "app");
  const [old] = await containersOf("deaf");
  const log = async () =>
    String(await bench.docker.getContainer(old?.id ?? "").logs({ stdout: true, stderr: true }));
  await waitFor(async () => (await log()).includes("ready"), { what: "the container to be ready" });
  await bench.writeCompose("deaf", { app: { ...deaf, stop_grace_period: "1000h", hostname: "next" } });
  await create("deaf", { services: ["app"] }, { ...bench.context, longestStopMs: 1_000 });
  const [next, ...more] = await containersOf("deaf");
  expect(next).toMatchObject({ name: old?.name, state: "created" });
  expect(next?.id).not.toBe(old?.id);
  expect(more).toEqual([]);
});

test("what has data in an anonymous volume is made anew only with an image that declares it", async () => {
  const image = `${bench.environment}:volume`;
  await loadImages(bench.docker, [
    await buildImageArchive({ tag: image, command: ["sleep", "1000"], volumes: ["/data"] }),
  ]);
  const project = bench.project("declared");
  const volumesOf = async () =>
    (await bench.docker.getContainer(`${project}-web-1`).inspect()).Mounts.map(({ Name: name }) => name);
  try {
    await bench.writeCompose("declared", { web: { image } });
    await create("declared", { services: ["web"] });
    const before = await containersOf("declared");
    const volumes = await volumesOf();
    expect(volumes).toHaveLength(1);
    const recreate = async (next: string) => {
      await bench.writeCompose("declared", { web: { image: next, environment: { NEXT: next } } });
      const declared = [{ service: "web", image: next, path: "/data" }];
      await createContainers(bench.context, { ...creation("declared", { services: ["web"] }), declared });
    };
    await expect(recreate(bench.image)).rejects.toMatchObject({
      code: "K3049",
      outcome: { kind: "transient" },
    });
    expect(await containersOf("declared")).toEqual(before);
    await recreate(image);
    const [after] = await containersOf("declared");
    expect(after?.id).not.toBe(before[0]?.id);
    expect(await volumesOf()).toEqual(volumes);
  } finally {
    await removeProjects(bench.docker, bench.environment);
    await removeImages(bench.docker, [image]);
  }
});
