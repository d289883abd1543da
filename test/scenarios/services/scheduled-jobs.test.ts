import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { required } from "@keelson/model";
import { acquireLock } from "@keelson/record";
import { beforeAll, describe, expect, it } from "vitest";
import {
  agentCommand,
  endProcess,
  plainEnvironment,
  runAgent,
  sharedEngineHost,
  startEngineProxy,
  waitFor,
} from "../../support/index.ts";
import { usePlatform, withNode, withPlatform } from "../platform.ts";

/** Once a year: a test runs it by itself. */
const yearly = "0 3 1 1 *";

const release = `
-- release.yaml --
secrets: { code: {} }
-- packages/web/package.yaml --
services:
  backup: { schedule: "${yearly}", timeZone: Europe/Zurich }
  slow: { schedule: "${yearly}", timeout: 2s }
  long: { schedule: "${yearly}" }
  single: { schedule: "${yearly}" }
  quick: { schedule: "${yearly}", timeout: 2s }
files:
  - { template: code.liquid, to: conf/code }
-- packages/web/code.liquid --
{{ secrets.code }}
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", init: true, volumes: ["store:/store"] }
  backup:
    image: IMAGES/backup:1
    command: [sh, -c, "echo saved >> /store/log; cat /conf/code; exit $$(cat /store/code)"]
    volumes: ["store:/store", "./conf:/conf:ro"]
  slow:
    image: IMAGES/backup:1
    command: [sh, -c, "trap 'exit 0' TERM; echo at work; while :; do sleep 1; done"]
    stop_grace_period: 1s
  long:
    image: IMAGES/backup:1
    command: [sh, -c, "until [ -e /store/over ]; do sleep 0.2; done"]
    init: true
    volumes: ["store:/store"]
  single:
    image: IMAGES/backup:1
    command: [sh, -c, "until [ -e /store/over ]; do sleep 0.2; done"]
    init: true
    volumes: ["store:/store"]
  quick: { image: "IMAGES/backup:1", command: ["true"] }
volumes: { store: {} }
`;

describe("a job that has a schedule", () => {
  const platform = usePlatform({
    release,
    secrets: { app: { code: "sesame-opens-all-of-it" } },
  });
  const name = (service: string) => `${platform().project("web")}/${service}`;
  const words = (service: string, config = platform().config) => [
    "run-job",
    "--config",
    config,
    "--job",
    name(service),
    "--due",
    String(Date.now()),
  ];
  const runDue = async (service: string) => runAgent(words(service));
  const runByHand = async (service: string) =>
    platform().keelson(["run", "--config", platform().config, "web", service]);
  const startDue = (service: string, config?: string) => {
    const [file, ...args] = agentCommand(words(service, config));
    const run = spawn(file, args, { env: plainEnvironment(), stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    run.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
    const ended = once(run, "close").then(([exitCode]) => ({ exitCode, output }));
    return { pid: run.pid ?? 0, ended };
  };
  const holdNodeLock = async () => acquireLock({ path: join(platform().stateDir, "lock"), waitMs: 60_000 });
  const scheduleOf = async (service: string) => {
    const services = (await platform().status()).instances.flatMap((each) => each.services);
    return services.find((each) => each.name === service)?.schedule;
  };
  const oneOffs = async () => {
    const label = [
      `com.docker.compose.project=${platform().project("web")}`,
      "com.docker.compose.oneoff=True",
    ];
    return platform().docker.listContainers({ all: true, filters: { label } });
  };
  const isAtWork = async () => (await oneOffs()).some(({ State: state }) => state === "running");
  beforeAll(async () => {
    const { exitCode, output } = await platform().reconcile();
    if (exitCode !== 0) throw new Error(output);
    await platform().exec("web/app", "sh", "-c", "echo 0 > /store/code");
  });

  it("must have neither a container nor a run before its time", async () => {
    expect((await platform().containers()).map(({ service }) => service)).toEqual(["app"]);
    expect(await scheduleOf("backup")).toMatchObject({
      cron: yearly,
      timeZone: "Europe/Zurich",
      next: expect.stringMatching(/^20\d\d-01-01T02:00:00\.000Z$/),
      missed: 0,
      running: null,
      last: null,
    });
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must not be run twice at a time by hand, also before its first time has come", async () => {
    const first = runByHand("long");
    await waitFor(isAtWork, { what: "the first run to be at work" });
    const second = await runByHand("long");
    expect(second).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("error[K9072]") });
    expect(await oneOffs()).toHaveLength(1);
    await platform().exec("web/app", "touch", "/store/over");
    expect((await first).exitCode).toBe(0);
    expect((await runByHand("long")).exitCode).toBe(0);
  });

  it("must run as it stands, and be told with its time, its length and its exit code", async () => {
    const before = await platform().containers();
    expect(await runDue("backup")).toMatchObject({ exitCode: 0 });
    expect(await platform().exec("web/app", "cat", "/store/log")).toBe("saved\n");
    expect(await platform().containers()).toEqual(before);
    expect(await oneOffs()).toEqual([]);
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect((await scheduleOf("backup"))?.last).toMatchObject({ exitCode: 0, seconds: expect.any(Number) });
    const shown = await platform().keelson(["status", "--local", "--config", platform().config]);
    expect(shown.stdout).not.toContain("out-of-sync");
    expect(shown.stdout).toContain(`web/backup runs at ${yearly} (Europe/Zurich)`);
  });

  it("must be an error of the node from a failed run until a good one, without any secret", async () => {
    await platform().exec("web/app", "sh", "-c", "echo 7 > /store/code");
    const failed = await runDue("backup");
    expect(failed.exitCode).toBe(1);
    expect(`${failed.stdout}${failed.stderr}`).not.toContain("sesame");
    const { exitCode, status } = await platform().reconcile();
    expect(exitCode).toBe(1);
    expect(status.errors).toEqual([
      expect.objectContaining({
        code: "K3038",
        resource: `service:${name("backup")}`,
        message: expect.stringContaining("ended with exit code 7: ***"),
      }),
    ]);
    expect(status.conditions.find(({ type }) => type === "Reconciling")?.status).toBe("false");
    await platform().exec("web/app", "sh", "-c", "echo 0 > /store/code");
    expect((await runDue("backup")).exitCode).toBe(0);
    expect((await platform().reconcile()).exitCode).toBe(0);
  });

  it("must never run twice at a time, and no round waits for it", async () => {
    await platform().exec("web/app", "rm", "-f", "/store/over");
    const first = startDue("single");
    try {
      await waitFor(isAtWork, { what: "the first run to be at work" });
      const second = await runDue("single");
      expect(second.stdout).toContain("is not run: the run before is still at work");
      expect((await platform().reconcile()).output).toContain("nothing to do");
      await platform().exec("web/app", "touch", "/store/over");
      expect(await first.ended).toMatchObject({ exitCode: 0 });
    } finally {
      await endProcess(first.pid);
    }
    expect(await oneOffs()).toEqual([]);
  });

  it("must be stopped when it takes too long", async () => {
    await runDue("slow");
    expect(await oneOffs()).toEqual([]);
    const { status } = await platform().reconcile();
    expect(status.errors).toEqual([
      expect.objectContaining({ code: "K3038", message: expect.stringContaining("it took longer than 2 s") }),
    ]);
  });

  it("must be stopped at its timeout by a round when its process was killed, and be told with its last output", async () => {
    const [file, ...args] = agentCommand(words("slow"));
    const killed = spawn(file, args, { env: plainEnvironment(), stdio: "ignore" });
    await waitFor(isAtWork, { what: "the run to be at work" });
    await endProcess(killed.pid ?? 0);
    const isLost = async () =>
      (await platform().reconcile()).status.errors.some(({ code, message }) => {
        const isTold = message.includes(
          "its process was killed or lost the engine, and its container was stopped",
        );
        return code === "K3038" && isTold && message.includes("at work");
      });
    await waitFor(isLost, { what: "its time to be over" });
    await waitFor(async () => (await oneOffs()).length === 0, { what: "its container to be gone" });
    expect(await scheduleOf("slow")).toMatchObject({ running: null, last: { exitCode: null } });
  });

  it("must keep its instance as it is also when its process was killed", async () => {
    await platform().exec("web/app", "rm", "-f", "/store/over");
    const [file, ...args] = agentCommand(words("long"));
    const killed = spawn(file, args, { env: plainEnvironment(), stdio: "ignore" });
    await waitFor(isAtWork, { what: "the run to be at work" });
    await endProcess(killed.pid ?? 0);
    await platform().reconcile();
    expect(await scheduleOf("long")).toMatchObject({ running: expect.any(String), last: null });
    expect((await runByHand("long")).stderr).toContain("error[K9072]");
    const [left] = await oneOffs();
    await platform()
      .docker.getContainer(left?.Id ?? "")
      .remove({ force: true });
    await platform().reconcile();
    expect(await scheduleOf("long")).toMatchObject({ running: null, last: { exitCode: null } });
  });

  it("must be at work for as long as its container is when its process has lost the engine", async () => {
    await platform().exec("web/app", "rm", "-f", "/store/over");
    await using proxy = await startEngineProxy(platform().dockerHost ?? sharedEngineHost());
    const config = join(platform().folder, "proxied.yaml");
    const text = await readFile(platform().config, "utf8");
    const own = text.split("\n").filter((line) => !line.startsWith("dockerHost:"));
    await writeFile(config, [...own, `dockerHost: ${proxy.dockerHost}`, ""].join("\n"));
    const run = startDue("long", config);
    await waitFor(isAtWork, { what: "the run to be at work" });
    await proxy.stop();
    process.kill(run.pid, "SIGTERM");
    expect(await run.ended).toMatchObject({ exitCode: 1, output: expect.stringContaining("K3053") });
    await platform().reconcile();
    expect((await scheduleOf("long"))?.running).toEqual(expect.any(String));
    await platform().exec("web/app", "touch", "/store/over");
    await waitFor(async () => (await oneOffs()).length === 0, { what: "its container to be gone" });
    const { errors } = (await platform().reconcile()).status;
    expect(errors.map(({ message }) => message)).toContainEqual(
      expect.stringContaining("nobody saw its end: its process was killed or lost the engine"),
    );
    expect((await scheduleOf("long"))?.running).toBe(null);
  });

  it("must not run while a person has suspended the node, and be told as missed", async () => {
    const config = ["--config", platform().config];
    await runAgent(["suspend", "--reason", "a look at the disk", ...config]);
    expect((await runDue("backup")).stdout).toContain("is not run: a person has suspended the node");
    expect(await oneOffs()).toEqual([]);
    await platform().reconcile();
    expect(await scheduleOf("backup")).toMatchObject({ missed: 1, next: expect.stringMatching(/^20/) });
    await runAgent(["resume", ...config]);
    expect((await runDue("backup")).exitCode).toBe(0);
  });

  it("must wait for a round's operations, without that counting as its own time", async () => {
    const lock = await holdNodeLock();
    const run = startDue("quick");
    try {
      await waitFor(async () => waitsForLock(run.pid), { what: "the run to wait for the node's lock" });
      const sinceMs = performance.now();
      await waitFor(() => performance.now() - sinceMs > 2_000, { what: "the timeout of the run to be over" });
      expect(await oneOffs()).toEqual([]);
    } finally {
      lock.release();
    }
    const releasedAt = Date.now();
    expect(await run.ended).toMatchObject({ exitCode: 0 });
    await platform().reconcile();
    const last = (await scheduleOf("quick"))?.last;
    expect(last?.exitCode).toBe(0);
    expect(Date.parse(last?.started ?? "")).toBeGreaterThanOrEqual(releasedAt);
  });

  it("must not run when the node was suspended while it waited", async () => {
    const config = ["--config", platform().config];
    const lock = await holdNodeLock();
    const run = startDue("quick");
    try {
      await waitFor(async () => waitsForLock(run.pid), { what: "the run to wait for the node's lock" });
      await runAgent(["suspend", "--reason", "a look at the disk", ...config]);
    } finally {
      lock.release();
    }
    expect((await run.ended).output).toContain("is not run: a person has suspended the node");
    expect((await runAgent(["resume", ...config])).exitCode).toBe(0);
  });

  it("must not have failed when the agent stops while it waits", async () => {
    const lock = await holdNodeLock();
    const run = startDue("quick");
    try {
      await waitFor(async () => waitsForLock(run.pid), { what: "the run to wait for the node's lock" });
      process.kill(run.pid, "SIGTERM");
      expect((await run.ended).output).toContain("is not run: the agent has been stopped");
    } finally {
      lock.release();
    }
    await platform().reconcile();
    expect(await scheduleOf("quick")).toMatchObject({ running: null, last: { exitCode: 0 } });
  });

  it("must be told as stopped when the agent stops", async () => {
    await platform().exec("web/app", "rm", "-f", "/store/over");
    const [file, ...args] = agentCommand(words("long"));
    const stopped = spawn(file, args, { env: plainEnvironment(), stdio: "ignore" });
    await waitFor(isAtWork, { what: "the run to be at work" });
    const ended = once(stopped, "exit");
    stopped.kill("SIGTERM");
    expect((await ended)[0]).toBe(1);
    expect(await oneOffs()).toEqual([]);
    const { status } = await platform().reconcile();
    expect(status.errors.map(({ message }) => message)).toContainEqual(
      expect.stringContaining("it was stopped with the agent"),
    );
  });

  it("must keep its instance as it is while it runs, and give way to what waits for it", async () => {
    const [file, ...args] = agentCommand(words("long"));
    const long = spawn(file, args, { env: plainEnvironment(), stdio: "ignore" });
    try {
      await waitFor(isAtWork, { what: "the run to be at work" });
      const before = await platform().container("web/app");
      await platform().upgrade({
        "packages/web/compose.yaml": (text) => text.replace("app:1", "app:2"),
      });
      const { status, exitCode } = await platform().reconcile();
      expect(exitCode).toBe(1);
      expect(status.errors.map(({ code, resource }) => `${code} ${resource}`)).toContain(
        `K3046 service:${name("app")}`,
      );
      expect((await scheduleOf("long"))?.running).toEqual(expect.any(String));
      expect(await platform().container("web/app")).toEqual(before);
      expect(await runByHand("long")).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("error[K9072]"),
      });
      expect(await oneOffs()).toHaveLength(1);
      await platform().exec("web/app", "touch", "/store/over");
      await waitFor(() => long.exitCode === 0, { what: "the run to end well" });
    } finally {
      await endProcess(long.pid ?? 0);
    }
    expect((await runByHand("long")).exitCode).toBe(0);
    await platform().reconcile();
    expect((await platform().container("web/app")).image).toContain("app:2");
  });

  it("must run with the image of an upgrade, and go on with what it has when a commit cannot be applied", async () => {
    await platform().upgrade({
      "packages/web/package.yaml": (text) => text.replace(/^ {2}slow:.*\n/m, ""),
      "packages/web/compose.yaml": (text) =>
        text.replace(/ {2}slow:[\s\S]*?(?= {2}long:)/, "").replace("backup:1", "backup:2"),
    });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect((await runDue("slow")).stdout).toContain("the node does not run it any more");
    await platform().upgrade({ "packages/web/compose.yaml": (text) => `${text}unknown: true\n` });
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect((await runDue("backup")).exitCode).toBe(0);
  });
});

/** It has started the program that waits for a lock, which is not the job's own: for that one nobody waits. */
async function waitsForLock(pid: number): Promise<boolean> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
  const commands = await Promise.all(
    children.filter((child) => child !== "").map(async (child) => readFile(`/proc/${child}/cmdline`, "utf8")),
  );
  return commands.some((command) => command.startsWith("flock\0") && command.includes("--timeout"));
}

it("a check must refuse a schedule that never comes, at its line", async () => {
  await withPlatform({ release: release.replace(yearly, "0 0 31 2 *") }, async (platform) => {
    const { exitCode, stderr } = await platform.keelson(["check"], { cwd: platform.repository.path });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/error\[K1440\] releases\/app\/1\.0\.0\/packages\/web\/package\.yaml:\d+:23 /);
    expect(stderr).toContain("`0 0 31 2 *` is no schedule: none of its days ever comes");
    expect(stderr).toContain("1 problem in 1 file");
  });
});

it("an agent must run a job at its time", async () => {
  const minutely = release.replaceAll(`"${yearly}"`, '"* * * * *"').replace("{{ secrets.code }}", "none");
  await withNode({ release: minutely }, async (node) => {
    await node.untilReady();
    await node.exec("web/app", "sh", "-c", "echo 0 > /store/code");
    const lastOf = async () => {
      const services = (await node.status()).instances.flatMap((each) => each.services);
      return services.find((each) => each.name === "backup")?.schedule?.last;
    };
    await node.agent.until("a run at its time", async () => (await lastOf())?.exitCode === 0);
    const last = await lastOf();
    expect(last?.due).toMatch(/:00\.000Z$/);
    expect(Date.parse(last?.started ?? "")).toBeGreaterThanOrEqual(Date.parse(last?.due ?? ""));
    // A round that something else has triggered may tell the run before its own process has ended.
    const isCounted = async () => (await node.metric('scheduled_runs_total{result="done"}')) > 0;
    await node.agent.until("its count", isCounted);
    // Others end in the same minute, and the first one names the round of all.
    const isOfARun = (trigger: string) => trigger.startsWith(`run of ${node.project("web")}/`);
    await node.agent.until("a round of a run", () => node.agent.triggers().some(isOfARun));
  });
});

it("an agent must stop a run at its timeout when the process of the run was killed", async () => {
  const minutely = release
    .replace(`slow: { schedule: "${yearly}", timeout: 2s }`, 'slow: { schedule: "* * * * *", timeout: 20s }')
    .replace("{{ secrets.code }}", "none");
  await withNode({ release: minutely }, async (node) => {
    await node.untilReady();
    const label = [`com.docker.compose.project=${node.project("web")}`, "com.docker.compose.oneoff=True"];
    const runs = async () => node.docker.listContainers({ all: true, filters: { label } });
    await node.agent.until("a run at its time", async () => (await runs()).length > 0);
    const [run] = await runs();
    await endProcess(await findRunProcess(`${node.project("web")}/slow`));
    const isGone = async () => !(await runs()).some(({ Id: id }) => id === run?.Id);
    await node.agent.until("the stop of its container", isGone);
    expect(node.agent.triggers()).toContain("timeout of a run");
    const isTold = async () => (await node.status()).errors.some(({ code }) => code === "K3038");
    await node.agent.until("the error", isTold);
  });
});

/** The process of a run of a job, by its command line. */
async function findRunProcess(job: string): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    pids.map(async (pid) => ({ pid, words: await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "") })),
  );
  const found = commands.find(
    ({ words }) => words.includes("\0run-job\0") && words.includes(`--job=${job}\0`),
  );
  return Number(required(found, "the process of the run").pid);
}
