import { existsSync } from "node:fs";
import { readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { isRunning } from "../../support/index.ts";
import { findChild } from "../child-process.ts";
import { watchEvents } from "../engine-events.ts";
import { hasError, isReady } from "../node-status.ts";
import {
  type Container,
  type Node,
  type Platform,
  stayOn,
  useNode,
  withNode,
  withPlatform,
} from "../platform.ts";

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
async function expectHealing(node: Node): Promise<void> {
  const { id } = await node.stop("web/web");
  await node.agent.until("the repair", async () => {
    const found = await node.container("web/web");
    return found.id === id && found.state === "running" && isReady(await node.status());
  });
  expect(await runsOf(node)).toBe("once\n");
}

describe("an agent whose record", () => {
  const node = useNode({ release });
  let before: object[];

  beforeAll(async () => {
    await node().untilReady();
    before = await idsOf(node());
  });

  it("is removed while it runs, or while it is stopped, must go on with the same containers", async () => {
    await rm(recordOf(node()));
    await expectHealing(node());
    await node().restartAgent(async () => rm(recordOf(node())));
    await node().agent.until("a round", () => node().agent.count("round-ended") > 0);
    await expectHealing(node());
    expect(await idsOf(node())).toEqual(before);
  });

  it.each([
    ["is cut short", async (path: string) => truncate(path, Math.floor((await stat(path)).size / 2))],
    ["is garbage", async (path: string) => writeFile(path, "x".repeat(5_000))],
  ])("%s must set it aside, say so, and go on with the same containers", async (_, damage) => {
    const path = recordOf(node());
    const asideBefore = await listAside(node());
    const { seq } = await node().status();
    await damage(path);
    await expectHealing(node());
    const aside = (await listAside(node())).filter((name) => !asideBefore.includes(name));
    expect(aside).toHaveLength(1);
    expect(node().agent.log()).toContain(`was set aside as ${node().stateDir}/${aside[0]}`);
    expect(await idsOf(node())).toEqual(before);
    await node().agent.until("the report", async () => {
      const { status } = await node().report();
      return isReady(status) && status.seq > seq;
    });
    // The branch is still followed forwards only.
    const good = await node().repository.head();
    expect((await node().status()).source.applied).toBe(good);
  });

  it("is damaged must not follow a branch that was rewound meanwhile", async () => {
    const first = await node().repository.head();
    const second = await node().push({ note: "1" });
    await node().agent.until(
      "the commit",
      async () => (await node().report()).status.source.applied === second,
    );
    await node().restartAgent(async () => {
      await writeFile(recordOf(node()), "x".repeat(5_000));
      await node().repository.reset(first);
      await node().repository.push({ force: true });
    });
    await node().agent.until("the refusal", async () => hasError(await node().status(), "K2016"));
    await node().repository.reset(second);
    await node().repository.push({ force: true });
    await node().agent.until("readiness", async () => isReady(await node().status()));
    expect(await idsOf(node())).toEqual(before);
  });

  it("goes with all its state folder must make it anew with the same containers", async () => {
    await rm(node().stateDir, { recursive: true });
    await node().stop("web/web");
    await node().agent.until("readiness", async () => isReady(await node().status()));
    expect(await idsOf(node())).toEqual(before);
    expect(await node().pageOf("web/web", "/page.txt")).toBe("first\n");
    expect(await runsOf(node())).toBe("once\n");
    // It can be spoken to again.
    const synced = await node().keelson(["sync", "--config", node().config]);
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
      await using first = platform.startAgent();
      // While its first round is at work.
      await first.until("its socket", () => existsSync(join(platform.stateDir, "agent.sock")));
      await using second = platform.startAgent();
      const both = [first, second];
      const ready = async () => {
        for (const agent of both)
          await agent.until("readiness", () => agent.log().includes(" ready: 1 instance is as desired"));
      };
      await ready();
      await second.until("it to say so", () => second.log().includes("another process answers there"));
      await platform.stop("web/web");
      const isRepaired = async () => (await platform.container("web/web")).state === "running";
      await first.until("the repair", isRepaired);
      await ready();
      const next = await platform.upgrade({ "packages/web/page.txt": "second\n" });
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
    await withNode({ release: slow }, async (platform) => {
      const { agent: first } = platform;
      await first.until("the wait", async () => (await platform.container("web/web")).health === "starting");
      const round = await findChild(first.pid, "MainThread");
      expect(round).toBeDefined();
      await first.end("SIGKILL");
      await using node = stayOn(platform);
      const { agent: next } = node;
      // Long before the wait of the round that was left behind is over.
      await next.until("the wait of the next", () => next.count("planned") > 0);
      await platform.exec("web/web", "touch", "/tmp/well");
      await node.untilReady();
      expect((await platform.containers()).map(({ state }) => state)).toEqual(["running"]);
      expect(await isRunning(round ?? 0)).toBe(false);
    });
  });
});
