import { stat } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { usePlatform } from "../platform.ts";
import { type StayingAgent, startStaying } from "./staying-agent.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
`;
const compose = "packages/web/compose.yaml";

describe("keelson sync", () => {
  // Nothing but a sync asks for a round.
  const platform = usePlatform({ release, agent: { interval: "1h" } });
  let agent: StayingAgent;
  const socket = () => join(platform().stateDir, "agent.sock");
  const sync = async (...args: string[]) =>
    platform().keelson(["sync", "--config", platform().config, ...args]);
  const start = async () => {
    agent = startStaying(platform().config);
    const isThere = async () => (await platform().containers()).some(({ state }) => state === "running");
    await agent.until("the service", isThere);
  };

  beforeAll(start);
  afterAll(async () => agent[Symbol.asyncDispose]());

  it("must return when the round that it asked for has ended, and show what came of it", async () => {
    await platform().upgrade({
      [compose]: (text) => text.replace(platform().image("web:1"), "IMAGES/web:2"),
    });
    const { exitCode, stdout, stderr } = await sync();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(await platform().container("web/web")).toMatchObject({ state: "running" });
    expect((await platform().container("web/web")).image).toMatch(/web:2$/);
    expect(stdout).toContain(`${platform().environment}/${platform().node}  ready`);
    expect(stdout).toMatch(/^ +web .*running +in-sync/m);
  });

  it("must end with 1 when the node is not as desired, and say why", async () => {
    await platform().upgrade({
      [compose]: (text) => text.replace(/image: .*/, "image: IMAGES/absent:1"),
    });
    const { exitCode, stdout } = await sync("--json");
    expect(exitCode).toBe(1);
    const status = JSON.parse(stdout);
    expect(status.source.observed).toBe(await platform().repository.head());
    expect(status.errors).toMatchObject([{ code: expect.stringMatching(/^K30/) }]);
    await platform().repository.git("revert", "--no-edit", "HEAD");
    await platform().repository.push();
    expect((await sync()).exitCode).toBe(0);
  });

  it("must be for the agent's own user only", async () => {
    expect(((await stat(socket())).mode & 0o777).toString(8)).toBe("600");
  });

  it("must ask the first agent also when a second one was started for the same folder", async () => {
    const { ino } = await stat(socket());
    await using second = startStaying(platform().config);
    await second.until("its refusal", () => second.log().includes("K9044"));
    await platform().push({ note: "1" });
    expect((await sync()).exitCode).toBe(0);
    expect(await second.end("SIGTERM")).toBe(0);
    expect((await stat(socket())).ino).toBe(ino);
    expect((await sync()).exitCode).toBe(0);
  });

  it("must say that no agent runs when it was killed, and reach the next one", async () => {
    await agent.end("SIGKILL");
    expect((await stat(socket())).isSocket()).toBe(true);
    const { exitCode, stderr } = await sync();
    expect(exitCode).toBe(1);
    expect(stderr).toContain("error[K9040]");
    expect(stderr).toContain("systemctl start keelson-agent");
    await start();
    await agent.until("its socket", async () => (await sync()).exitCode === 0);
  });

  it("must leave no socket behind when it is stopped", async () => {
    expect(await agent.end("SIGTERM")).toBe(0);
    await expect(stat(socket())).rejects.toThrow("ENOENT");
    expect(JSON.parse((await sync("--json")).stdout)).toMatchObject({ error: { code: "K9040" } });
  });
});
