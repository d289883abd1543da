import { chmod, chown, readFile, stat, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { runAgent } from "../../support/index.ts";
import { conditionOf } from "../node-status.ts";
import { useNode } from "../platform.ts";
import { oneService, useImage } from "../releases.ts";

describe("a suspended node", () => {
  const node = useNode({ release: oneService });
  const agent = async (...args: string[]) => runAgent([...args, "--config", node().config]);
  const suspend = async (reason: string) => agent("suspend", "--reason", reason);
  const apply = async (...args: string[]) => node().keelson(["apply", "--config", node().config, ...args]);
  const isRunning = async (image: string) => {
    const web = await node().container("web/web");
    return web.state === "running" && web.image.endsWith(image);
  };
  const commits = { before: "", pushed: "" };

  beforeAll(async () => {
    await node().untilReady();
    commits.before = await node().repository.head();
  });

  it("must stay as it is once the command has returned, whatever is stopped there or pushed", async () => {
    const { exitCode, stdout } = await suspend("a look at the disk");
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: "suspended: nothing is changed here until keelson-agent resume\n",
    });
    await node().stop("web/web");
    const stopped = await node().containers();
    commits.pushed = await node().upgrade(useImage("web:2"));
    await node().agent.until("the commit to be seen", async () => {
      const { source } = await node().status();
      return source.observed === commits.pushed;
    });
    await node().rests();
    expect(await node().containers()).toEqual(stopped);
  });

  it("must say in its status who did it, since when and why, and what differs from where it is held", async () => {
    const status = await node().status();
    const by = process.env["SUDO_USER"] ?? userInfo().username;
    expect(status.suspended).toEqual({ since: expect.any(String), by, reason: "a look at the disk" });
    expect(status.source).toMatchObject({
      attempted: commits.before,
      applied: commits.before,
      target: { mode: "hold", because: `is held at ${commits.before.slice(0, 8)}: it is suspended` },
    });
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: "Ready", status: "false", reason: "Suspended" }),
    );
    expect(["Reconciling", "Stalled"].map((type) => conditionOf(status, type))).toEqual(["false", "false"]);
    expect(conditionOf(status, "Drifted")).toBe("true");
    expect(status.retry).toBeNull();
    expect(status.errors.map(({ code }) => code)).toEqual(["K3042"]);
  });

  it("must be shown as suspended wherever a person or a monitor looks", async () => {
    const said = /suspended since 20.* by .*: a look at the disk/;
    await node().agent.until(
      "its report",
      async () => (await node().report()).status.suspended !== undefined,
    );
    const fleet = await node().keelson(["status", "--environment", node().environment]);
    expect(fleet.stdout).toMatch(/ n1 +suspended .* suspended since 20.*: a look at the disk/);
    expect(fleet.exitCode).toBe(1);
    const local = await node().keelson(["status", "--local", "--config", node().config]);
    expect(local.stdout).toMatch(said);
    const doctor = await node().keelson(["doctor", "--config", node().config, "--json"]);
    expect(JSON.parse(doctor.stdout)).toContainEqual(
      expect.objectContaining({
        id: "suspension",
        result: "warning",
        found: expect.stringContaining("a look at the disk"),
      }),
    );
    expect(await node().metric("suspended")).toBe(1);
    expect(await node().ask("/readyz")).toMatchObject({ status: 503, body: expect.stringMatching(said) });
    const sync = await node().keelson(["sync", "--config", node().config]);
    expect(sync.stdout).toMatch(said);
    expect(sync.exitCode).toBe(1);
  });

  it("must stay suspended when its agent starts again, and for a round by hand", async () => {
    const stopped = await node().containers();
    await node().restartAgent();
    await node().agent.until("a round", () => node().agent.count("round-ended") > 0);
    await node().rests();
    const { exitCode } = await node().reconcile();
    expect(exitCode).toBe(1);
    expect(await node().containers()).toEqual(stopped);
  });

  it("must be left alone by keelson apply, unless it is forced", async () => {
    const stopped = await node().containers();
    const refused = await apply("--revision", commits.before);
    expect(refused.stderr).toContain("error[K9080]");
    expect(refused.stderr).toContain("a look at the disk");
    expect(refused.exitCode).toBe(1);
    expect(await node().containers()).toEqual(stopped);
    expect((await apply("--revision", commits.before, "--force")).exitCode).toBe(0);
    expect(await isRunning("web:1")).toBe(true);
    await node().agent.until("its status", async () => (await node().status()).suspended !== undefined);
    await node().rests();
    expect(await isRunning("web:1")).toBe(true);
  });

  it("must be left alone by keelson run, unless it is forced", async () => {
    const run = async (...args: string[]) =>
      node().keelson(["run", "--config", node().config, ...args, "web", "web", "echo", "done"]);
    const refused = await run();
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain(
      `error[K9080] this node is suspended by ${process.env["SUDO_USER"] ?? userInfo().username}: a look at the disk`,
    );
    expect(await run("--force")).toMatchObject({ exitCode: 0, stdout: "done\n" });
  });

  it("must not act while nobody can tell whether it is suspended", async () => {
    const file = join(node().stateDir, "suspended.json");
    const untilTold = async (code: string) =>
      node().agent.until("the error", async () =>
        (await node().status()).errors.some((error) => error.code === code),
      );
    const suspension = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify({ ...suspension, reason: "line\n".repeat(20_000) }));
    await node().stop("web/web");
    await untilTold("K9081");
    const told = await node().keelson(["status", "--local", "--config", node().config]);
    expect(told.stdout.length).toBeLessThan(10_000);
    expect((await node().container("web/web")).state).toBe("exited");
    expect((await suspend("again")).exitCode).toBe(0);
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ reason: "again" });
    expect((await node().status()).errors.map(({ code }) => code)).not.toContain("K9081");
  });

  it("must not be resumed by what another user could have written", async () => {
    const file = join(node().stateDir, "suspended.json");
    const stopped = await node().container("web/web");
    expect(stopped.state).toBe("exited");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace("again", "nothing"));
    await chmod(file, 0o666);
    const errorOf = async () => (await node().status()).errors.find(({ code }) => code === "K4016");
    expect((await agent("reconcile")).stdout).toContain("K4016");
    expect(await errorOf()).toMatchObject({ outcome: "stalled", hint: expect.stringContaining(file) });
    // As it was told before.
    expect((await node().status()).suspended).toMatchObject({ reason: "again" });
    const told = await node().keelson(["status", "--local", "--config", node().config]);
    expect([told.exitCode, told.stderr]).toEqual([1, expect.stringContaining("error[K4016]")]);
    expect((await node().container("web/web")).startedAt).toBe(stopped.startedAt);
    expect((await suspend("again")).exitCode).toBe(0);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await errorOf()).toBeUndefined();
  });

  it("must be brought to its commit when it is resumed", async () => {
    const { exitCode, stdout } = await agent("resume");
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "resumed\n" });
    expect(await isRunning("web:2")).toBe(true);
    const status = await node().status();
    expect(status.suspended).toBeUndefined();
    expect(status.source.applied).toBe(commits.pushed);
    expect(await node().metric("suspended")).toBe(0);
  });

  it.each([
    [],
    ["--reason", " "],
    ["--reason", "two\nlines"],
    ["--reason", "turned \u202e around"],
    ["--reason", "zero\u200bwidth"],
    ["--reason", "x".repeat(201)],
  ])("must not be made of a call without a reason that can be told: %j %j", async (...args) => {
    expect((await agent("suspend", ...args)).exitCode).toBe(2);
    expect((await node().status()).suspended).toBeUndefined();
  });

  it("must not be suspended by what another user has written, and do nothing until that is clear", async () => {
    const file = join(node().stateDir, "suspended.json");
    await writeFile(
      file,
      JSON.stringify({ since: "2026-11-30T00:00:00.000Z", by: "root", reason: "forged" }),
    );
    await chown(file, 12_345, 12_345);
    const { startedAt } = await node().stop("web/web");
    const isTold = async () => (await node().status()).errors.some(({ code }) => code === "K4016");
    await node().agent.until("the error", isTold);
    const status = await node().status();
    expect(status.suspended).toBeUndefined();
    expect(conditionOf(status, "Ready")).toBe("false");
    expect(JSON.stringify(status)).not.toContain("forged");
    await node().rests();
    expect(await node().container("web/web")).toMatchObject({ state: "exited", startedAt });
    expect((await agent("resume")).exitCode).toBe(0);
    expect((await node().container("web/web")).state).toBe("running");
    expect((await node().status()).errors).toEqual([]);
  });

  it("must say when no agent runs, and begin suspended", async () => {
    await node().restartAgent(async () => {
      expect((await suspend("away")).stdout).toContain("no agent is running");
      const local = await node().keelson(["status", "--local", "--config", node().config]);
      expect(local.stdout).toMatch(/the node is suspended since 20.*: away/);
      expect(local.exitCode).toBe(1);
      const { id } = await node().container("web/web");
      await node().docker.getContainer(id).kill();
    });
    await node().agent.until("its status", async () => (await node().status()).suspended !== undefined);
    await node().rests();
    expect((await node().container("web/web")).state).toBe("exited");
    expect((await agent("resume")).exitCode).toBe(0);
  });
});

describe("keelson apply beside a running agent", () => {
  const node = useNode({ release: oneService });
  const apply = async (...args: string[]) => node().keelson(["apply", "--config", node().config, ...args]);

  beforeAll(async () => node().untilReady());

  it("must be refused, and name keelson sync", async () => {
    const before = await node().containers();
    const { exitCode, stderr } = await apply();
    expect(stderr).toContain("error[K9079]");
    expect(stderr).toContain("keelson sync");
    expect(exitCode).toBe(1);
    expect(await node().containers()).toEqual(before);
  });

  it("must do its round when it is forced, and without an agent", async () => {
    expect((await apply("--force")).exitCode).toBe(0);
    await node().agent.end("SIGKILL");
    expect((await apply()).exitCode).toBe(0);
  });
});
