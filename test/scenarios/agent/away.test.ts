import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import { conditionOf, hasError, isReady, reasonOf } from "../node-status.ts";
import { type Platform, useNode } from "../platform.ts";
import { composeFile, oneService } from "../releases.ts";

// Without a network: what stops and starts a private engine need not have one.
const release = `
-- packages/web/package.yaml --
# An engine that is stopped ends it with 0.
services: { web: server }
-- packages/web/compose.yaml --
# The engine has IMAGES/web:2 before it is needed.
services:
  job:
    image: IMAGES/web:1
    network_mode: none
    command: [sh, -c, "echo once >> /data/runs"]
    restart: "no"
    volumes: [data:/data]
  web:
    image: IMAGES/web:1
    network_mode: none
    init: true
    stop_grace_period: 1s
    volumes: [data:/data]
    depends_on: { job: { condition: service_completed_successfully } }
volumes:
  data:
`;

describe("an agent whose engine goes away", () => {
  const node = useNode({ release, engine: "own" });
  const web = async () => node().container("web/web");
  const runs = async (image: string) => {
    const { state, image: found } = await web();
    return state === "running" && found === node().image(image);
  };

  beforeAll(async () => node().untilReady());

  it.each(["stop", "kill"] as const)(
    "by a %s must say that the state is unknown, and heal without a new commit when it is back",
    async (end) => {
      const before = await web();
      await node().engine()[end]();
      await node().agent.until("the unknown state", async () => {
        const status = await node().status();
        return hasError(status, "K3001") && status.instances[0]?.state === "unknown";
      });
      expect(conditionOf(await node().status(), "Healthy")).toBe("unknown");
      await node().agent.until("monitors to hear of it", async () =>
        (await node().ask("/readyz")).body.includes("no Docker engine answers"),
      );
      // Others hear of it.
      await node().agent.until("the report", async () => hasError((await node().report()).status, "K3001"));

      await node().engine().start();
      await node().agent.until(
        "readiness",
        async () => isReady(await node().status()) && (await runs("web:1")),
      );
      expect((await web()).id).toBe(before.id);
      expect(await node().exec("web/web", "cat", "/data/runs")).toBe("once\n");
    },
  );

  it("must apply what was pushed meanwhile, and run no one-shot again that it leaves as it was", async () => {
    await node().engine().stop();
    const isUnknown = async () => (await node().status()).instances[0]?.state === "unknown";
    await node().agent.until("the unknown state", isUnknown);
    const next = await node().upgrade({
      [composeFile]: (text) => text.replace(/(  web:\n    image: ).*/, "$1IMAGES/web:2"),
    });
    const isSeen = async () => (await node().status()).source.observed === next;
    await node().agent.until("the commit to be seen", isSeen);
    await node().engine().start();
    const isUpgraded = async () => isReady(await node().status()) && (await runs("web:2"));
    await node().agent.until("the upgrade", isUpgraded);
    expect((await node().status()).source.applied).toBe(next);
    expect(await node().exec("web/web", "cat", "/data/runs")).toBe("once\n");
    expect((await node().containers()).length).toBe(2);
  });
});

interface Fault {
  what: string;
  code: string;
  happens: (platform: Platform) => Promise<unknown> | void;
  mend: (platform: Platform) => Promise<unknown> | void;
}

const mendServer = (platform: Platform) => platform.server.setBehaviour({ kind: "normal" });
const failing = (status: number, code: string): Fault => ({
  what: `answers ${status}`,
  code,
  happens: (platform) => platform.server.setBehaviour({ kind: "fail", status }),
  mend: mendServer,
});

const faults: Fault[] = [
  {
    what: "is stopped",
    code: "K2001",
    happens: async (platform) => platform.server.stop(),
    mend: async (platform) => platform.server.start(),
  },
  {
    what: "accepts and never answers",
    code: "K2005",
    happens: (platform) => platform.server.setBehaviour({ kind: "hang" }),
    mend: mendServer,
  },
  failing(500, "K2009"),
  failing(401, "K2002"),
  failing(404, "K2003"),
  {
    what: "has lost the branch",
    code: "K2003",
    happens: async (platform) => platform.repository.git("push", "--quiet", "origin", ":refs/heads/live"),
    mend: async (platform) => platform.repository.git("push", "--quiet", "origin", "main:live"),
  },
];

describe("an agent whose Git server", () => {
  const node = useNode({
    release: oneService,
    credentials: { username: "node", password: "a-t0ken-of-the-node" },
    // A connection that hangs is given up in time for the next fault.
    agent: { timeouts: { git: "10s" } },
    prepare: async (platform) => {
      // A branch that the server lets go, unlike its default one.
      await platform.repository.git("push", "--quiet", "origin", "main:live");
      await platform.configure((config) => ({
        ...config,
        source: { ...Object(config["source"]), branch: "live" },
      }));
    },
  });
  const web = async () => node().container("web/web");

  beforeAll(async () => node().untilReady());
  beforeEach(() => node().forgetStarts());

  it.each(faults)("$what must heal, say $code, and be well when it is back", async (fault) => {
    const before = await web();
    const { count } = await node().report();
    const startedMs = performance.now();
    // A round that is at work waits for a silent server as long as agent.yaml says.
    await node().rests();
    await fault.happens(node());
    try {
      // The first repair may go by what Git said just before; one after that has to ask it.
      for (const turn of ["at once", "again", "once more"]) {
        await node().stop("web/web");
        await node().agent.until(`the repair, ${turn}`, async () => (await web()).state === "running");
      }
      await node().agent.until("the code", async () => {
        const status = await node().status();
        return (
          conditionOf(status, "SourceReady") === "false" && reasonOf(status, "SourceReady") === fault.code
        );
      });
    } finally {
      await fault.mend(node());
    }
    expect((await web()).id).toBe(before.id);

    await node().untilReady();
    // All of it, the repairs too, which are news that waits for its turn: else the next fault would count it.
    await node().agent.until("the report", async () => {
      const [{ status }, told] = await Promise.all([node().report(), node().status()]);
      return isReady(status) && isDeepStrictEqual(status.operation, told.operation);
    });
    // Its end, and before that the fault, where a server that is back lets it be told; repairs every 20 s.
    const most = 2 + Math.floor((performance.now() - startedMs) / 20_000);
    expect((await node().report()).count - count).toBeLessThanOrEqual(most);
    expect((await web()).id).toBe(before.id);
  });

  it.each(["here", "away"])("is %s must make its broken copy anew", async (where) => {
    const before = await web();
    if (where === "away") await node().server.stop();
    const packs = join(node().stateDir, "git", "objects", "pack");
    const listPacks = async () => (await readdir(packs)).filter((name) => name.endsWith(".pack"));
    for (const name of await listPacks()) await rm(join(packs, name));
    await node().stop("web/web");
    try {
      if (where === "away") {
        await node().agent.until("the code", async () => !isReady(await node().status()));
      }
    } finally {
      await node().server.start();
    }
    const isRepaired = async () => (await web()).state === "running" && isReady(await node().status());
    await node().agent.until("the repair", isRepaired);
    expect((await web()).id).toBe(before.id);
    await node().agent.until("the copy", async () => (await listPacks()).length > 0);
  });
});
