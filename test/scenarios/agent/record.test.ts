import { existsSync } from "node:fs";
import { readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { isRunning, waitFor } from "../../support/index.ts";
import { findChild } from "../child-process.ts";
import { watchEvents } from "../engine-events.ts";
import { type Container, type Platform, usePlatform, withPlatform } from "../platform.ts";
import { isReady, readOwnStatus, readReport } from "./node-status.ts";
import { type StayingAgent, startStaying } from "./staying-agent.ts";

const release = `
-- packages/web/package.yaml --
files:
  - { template: page.txt, to: www/page.txt, onChange: restart }
-- packages/web/page.txt --
first
-- packages/web/compose.yaml --
services:
  job:
    image: IMAGES/web:1
    command: [sh, -c, "echo once >> /data/runs"]
    restart: "no"
    volumes: [data:/data]
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
    volumes: ["./www/page.txt:/www/page.txt:ro", "data:/data"]
    depends_on: { job: { condition: service_completed_successfully } }
volumes:
  data:
`;

const identityOf = ({ id, name, image }: Container) => ({ id, name, image });
const idsOf = async (platform: Platform) => (await platform.containers()).map(identityOf);
const recordOf = ({ stateDir }: Platform) => join(stateDir, "record.db");
const runsOf = async (platform: Platform) => platform.exec("web/web", "cat", "/data/runs");

/** It is stopped by hand, and must come up again as the same container. */
async function expectHealing(platform: Platform, agent: StayingAgent): Promise<void> {
  const { id } = await platform.container("web/web");
  await platform.docker.getContainer(id).stop({ t: 0 });
  await agent.until("the repair", async () => {
    const found = await platform.container("web/web");
    return found.id === id && found.state === "running" && isReady(await readOwnStatus(platform));
  });
  expect(await runsOf(platform)).toBe("once\n");
}

describe("an agent whose record", () => {
  const platform = usePlatform({ release, agent: { interval: "1s" } });
  let agent: StayingAgent;
  let before: object[];

  beforeAll(async () => {
    agent = startStaying(platform().config);
    await agent.until("readiness", async () => isReady(await readOwnStatus(platform())));
    before = await idsOf(platform());
  });
  afterAll(async () => agent[Symbol.asyncDispose]());

  it("is removed while it runs, or while it is stopped, must go on with the same containers", async () => {
    await rm(recordOf(platform()));
    await expectHealing(platform(), agent);
    await agent.end("SIGTERM");
    await rm(recordOf(platform()));
    agent = startStaying(platform().config);
    await agent.until("a round", () => agent.events().includes("round-ended"));
    await expectHealing(platform(), agent);
    expect(await idsOf(platform())).toEqual(before);
  });

  it.each([
    ["is cut short", async (path: string) => truncate(path, Math.floor((await stat(path)).size / 2))],
    ["is garbage", async (path: string) => writeFile(path, "x".repeat(5_000))],
  ])("%s must set it aside, say so, and go on with the same containers", async (_, damage) => {
    const path = recordOf(platform());
    const asideBefore = await listAside(platform());
    const { seq } = await readOwnStatus(platform());
    await damage(path);
    await expectHealing(platform(), agent);
    const aside = (await listAside(platform())).filter((name) => !asideBefore.includes(name));
    expect(aside).toHaveLength(1);
    expect(agent.log()).toContain(`was set aside as ${platform().stateDir}/${aside[0]}`);
    expect(await idsOf(platform())).toEqual(before);
    await agent.until("the report", async () => {
      const { status } = await readReport(platform());
      return isReady(status) && status.seq > seq;
    });
    // The branch is still followed forwards only.
    const good = await platform().repository.head();
    expect((await readOwnStatus(platform())).source.applied).toBe(good);
  });

  it("is damaged must not follow a branch that was rewound meanwhile", async () => {
    const first = await platform().repository.head();
    const second = await platform().push({ note: "1" });
    await agent.until(
      "the commit",
      async () => (await readReport(platform())).status.source.applied === second,
    );
    await agent.end("SIGTERM");
    await writeFile(recordOf(platform()), "x".repeat(5_000));
    await platform().repository.reset(first);
    await platform().repository.push({ force: true });
    agent = startStaying(platform().config);
    await agent.until("the refusal", async () =>
      (await readOwnStatus(platform())).errors.some(({ code }) => code === "K2016"),
    );
    await platform().repository.reset(second);
    await platform().repository.push({ force: true });
    await agent.until("readiness", async () => isReady(await readOwnStatus(platform())));
    expect(await idsOf(platform())).toEqual(before);
  });

  it("goes with all its state folder must make it anew with the same containers", async () => {
    await rm(platform().stateDir, { recursive: true });
    const { id } = await platform().container("web/web");
    await platform().docker.getContainer(id).stop({ t: 0 });
    await agent.until("readiness", async () => isReady(await readOwnStatus(platform())));
    expect(await idsOf(platform())).toEqual(before);
    expect(await platform().pageOf("web/web", "/page.txt")).toBe("first\n");
    expect(await runsOf(platform())).toBe("once\n");
    // It can be spoken to again.
    const synced = await platform().keelson(["sync", "--config", platform().config]);
    expect(synced.exitCode).toBe(0);
  });
});

async function listAside({ stateDir }: Platform): Promise<string[]> {
  return (await readdir(stateDir)).filter((name) => name.startsWith("record.db.damaged-"));
}

const slow = `
-- packages/web/package.yaml --
update: { trial: 15m }
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
    healthcheck: { test: [CMD, test, -e, /tmp/well], interval: 1s, timeout: 2s, retries: 1000 }
`;

describe("two agents on one state folder", () => {
  it("must do everything once", async () => {
    await withPlatform({ release, agent: { interval: "1s" } }, async (platform) => {
      using watch = await watchEvents(platform.docker, platform.environment);
      await using first = startStaying(platform.config);
      // While its first round is at work.
      await first.until("its socket", () => existsSync(join(platform.stateDir, "agent.sock")));
      await using second = startStaying(platform.config);
      const both = [first, second];
      const ready = async () => {
        for (const agent of both)
          await agent.until("readiness", () => agent.log().includes(" ready: 1 instance is as desired"));
      };
      await ready();
      await waitFor(() => second.log().includes("another process answers there"), {
        what: "the second to say so",
      });
      const { id } = await platform.container("web/web");
      await platform.docker.getContainer(id).stop({ t: 0 });
      await waitFor(async () => (await platform.container("web/web")).state === "running", {
        what: "the repair",
      });
      await ready();
      const next = await platform.upgrade({
        "packages/web/page.txt": "second\n",
      });
      for (const agent of both)
        await agent.until("the commit", () => agent.log().includes(`${next.slice(0, 8)} ready`));
      expect(await platform.pageOf("web/web", "/page.txt")).toBe("second\n");
      const events = await watch.list(["create", "start", "destroy"]);
      const count = (name: string) => events.filter((event) => event === name).length;
      expect(
        Object.fromEntries(
          ["create web/job", "start web/job", "create web/web", "start web/web", "destroy web/web"].map(
            (name) => [name, count(name)],
          ),
        ),
      ).toEqual({
        "create web/job": 1,
        "start web/job": 1,
        "create web/web": 1,
        "start web/web": 3,
        "destroy web/web": 0,
      });
      expect(await runsOf(platform)).toBe("once\n");
    });
  });
});

describe("an agent that was killed in the middle of an upgrade", () => {
  it("must leave the next one to it soon, which ends it", async () => {
    await withPlatform({ release: slow, agent: { interval: "1s" } }, async (platform) => {
      await using first = startStaying(platform.config);
      await first.until("the wait", async () => (await platform.container("web/web")).health === "starting");
      const round = await findChild(first.pid, "MainThread");
      expect(round).toBeDefined();
      await first.end("SIGKILL");
      await using next = startStaying(platform.config);
      const startedMs = performance.now();
      await next.until("the wait of the next", () => next.events().includes("planned"));
      expect(performance.now() - startedMs).toBeLessThan(30_000);
      await platform.exec("web/web", "touch", "/tmp/well");
      await next.until("readiness", async () => isReady(await readOwnStatus(platform)));
      expect((await platform.containers()).map(({ state }) => state)).toEqual(["running"]);
      expect(await isRunning(round ?? 0)).toBe(false);
    });
  });
});
