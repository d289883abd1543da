import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { useNode } from "../platform.ts";
import { oneService, useImage } from "../releases.ts";

describe("keelson sync", () => {
  // Nothing but a sync asks for a round.
  const node = useNode({ release: oneService, agent: { interval: "1h" } });
  const socket = () => join(node().stateDir, "agent.sock");
  const sync = async (...args: string[]) => node().keelson(["sync", "--config", node().config, ...args]);

  beforeAll(async () => node().untilReady());

  it("must return when the round that it asked for has ended, and show what came of it", async () => {
    await node().upgrade(useImage("web:2"));
    const { exitCode, stdout, stderr } = await sync();
    expect(exitCode).toBe(0);
    // A line for each operation as it ended, and nothing else.
    expect(stderr).toMatch(/^(?: {2}✓ .*\n)+$/);
    expect(stderr).toMatch(/^ {2}✓ .*web\/web/m);
    expect(await node().container("web/web")).toMatchObject({ state: "running" });
    expect((await node().container("web/web")).image).toMatch(/web:2$/);
    expect(stdout).toContain(`${node().environment}/${node().node}  ready`);
    expect(stdout).toMatch(/^ +web .*running +in-sync/m);
  });

  it("must end with 1 when the node is not as desired, and say why", async () => {
    await node().upgrade(useImage("absent:1"));
    const told = await sync();
    expect(told.exitCode).toBe(1);
    expect(told.stderr).toMatch(/^ {2}✗ .*absent:1.*: \[K30\d\d\] /m);
    const { exitCode, stdout, stderr } = await sync("--json");
    expect([exitCode, stderr]).toEqual([1, ""]);
    const status = JSON.parse(stdout);
    expect(status.source.observed).toBe(await node().repository.head());
    expect(status.errors).toMatchObject([{ code: expect.stringMatching(/^K30/) }]);
    await node().repository.git("revert", "--no-edit", "HEAD");
    await node().repository.push();
    expect((await sync()).exitCode).toBe(0);
  });

  it("must be for the agent's own user only", async () => {
    expect(((await stat(socket())).mode & 0o777).toString(8)).toBe("600");
  });

  it("must ask the first agent also when a second one was started for the same folder", async () => {
    const { ino } = await stat(socket());
    await using second = node().startAgent();
    await second.until("its refusal", () => second.log().includes("K9044"));
    await node().push({ note: "1" });
    expect((await sync()).exitCode).toBe(0);
    expect(await second.end("SIGTERM")).toBe(0);
    expect((await stat(socket())).ino).toBe(ino);
    expect((await sync()).exitCode).toBe(0);
  });

  it("must be told by the status of the node whether an agent is running, stopped or killed", async () => {
    const args = ["status", "--local", "--config", node().config];
    const told = async () => {
      const { stdout } = await node().keelson(args);
      const { isAgentRunning } = JSON.parse((await node().keelson([...args, "--json"])).stdout);
      return [stdout.includes("no agent is running"), isAgentRunning];
    };
    const answers = async () =>
      node().agent.until("its socket", async () => existsSync(socket()) && (await told())[1] === true);
    await answers();
    expect(await told()).toEqual([false, true]);
    await node().restartAgent(async () => expect(await told()).toEqual([true, false]));
    await answers();
    await node().agent.end("SIGKILL");
    expect(existsSync(socket())).toBe(true);
    expect(await told()).toEqual([true, false]);
    await node().restartAgent();
    await answers();
  });

  it("must say that no agent runs when it was killed, and reach the next one", async () => {
    await node().agent.end("SIGKILL");
    expect((await stat(socket())).isSocket()).toBe(true);
    const { exitCode, stderr } = await sync();
    expect(exitCode).toBe(1);
    expect(stderr).toContain("error[K9040]");
    expect(stderr).toContain("systemctl start keelson-agent");
    await node().restartAgent();
    await node().agent.until("its socket", async () => (await sync()).exitCode === 0);
  });

  it("must leave no socket behind when it is stopped", async () => {
    expect(await node().agent.end("SIGTERM")).toBe(0);
    await expect(stat(socket())).rejects.toThrow("ENOENT");
    expect(JSON.parse((await sync("--json")).stdout)).toMatchObject({ error: { code: "K9040" } });
  });
});
