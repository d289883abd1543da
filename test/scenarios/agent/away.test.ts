import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";

import { type Engine, findFreePort, startEngine, waitFor } from "../../support/index.ts";
import { type Container, type Platform, startPlatform, usePlatform } from "../platform.ts";
import { conditionOf, isReady, readOwnStatus, readReport } from "./node-status.ts";
import { type StayingAgent, startStaying } from "./staying-agent.ts";

// Without a network: what stops and starts a private engine need not have one.
const release = `
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
const compose = "packages/web/compose.yaml";
const port = await findFreePort();

describe("an agent whose engine goes away", () => {
  let engine: Engine;
  let platform: Platform;
  let agent: StayingAgent;
  let before: Container;
  const own = async () => readOwnStatus(platform);
  const readiness = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).text();
  const web = async () => platform.container("web/web");
  const runs = async (image: string) => {
    const { state, image: found } = await web();
    return state === "running" && found === platform.image(image);
  };

  beforeAll(async () => {
    engine = await startEngine();
    platform = await startPlatform({ release, engine, agent: { interval: "1s", monitor: { port } } });
    agent = startStaying(platform.config);
    await agent.until("readiness", async () => isReady(await own()));
  });
  afterAll(async () => {
    await agent[Symbol.asyncDispose]();
    await engine.start();
    await platform[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  it.each(["stop", "kill"] as const)(
    "by a %s must say that the state is unknown, and heal without a new commit when it is back",
    async (end) => {
      before = await web();
      await engine[end]();
      await agent.until("the unknown state", async () => {
        const status = await own();
        return status.errors.some(({ code }) => code === "K3001") && status.instances[0]?.state === "unknown";
      });
      expect(conditionOf(await own(), "Healthy")).toContain("unknown");
      await agent.until("monitors to hear of it", async () =>
        (await readiness()).includes("no Docker engine answers"),
      );
      // Others hear of it.
      await agent.until("the report", async () => {
        const { status } = await readReport(platform);
        return status.errors.some(({ code }) => code === "K3001");
      });

      await engine.start();
      await agent.until("readiness", async () => isReady(await own()) && (await runs("web:1")));
      expect((await web()).id).toBe(before.id);
      expect(await platform.exec("web/web", "cat", "/data/runs")).toBe("once\n");
    },
  );

  it("must apply what was pushed meanwhile, and run no one-shot again that it leaves as it was", async () => {
    await engine.stop();
    await agent.until("the unknown state", async () => (await own()).instances[0]?.state === "unknown");
    const next = await platform.upgrade({
      [compose]: (text) => text.replace(/(  web:\n    image: ).*/, "$1IMAGES/web:2"),
    });
    await agent.until("the commit to be seen", async () => (await own()).source.observed === next);
    await engine.start();
    await agent.until("the upgrade", async () => isReady(await own()) && (await runs("web:2")));
    expect((await own()).source.applied).toBe(next);
    expect(await platform.exec("web/web", "cat", "/data/runs")).toBe("once\n");
    expect((await platform.containers()).length).toBe(2);
  });
});

const password = "a-t0ken-of-the-node";
const simple = `
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
`;

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
  const platform = usePlatform({
    release: simple,
    credentials: { username: "node", password },
    // A connection that hangs is given up in time for the next fault.
    agent: { interval: "1s", timeouts: { git: "10s" } },
  });
  let agent: StayingAgent;
  const own = async () => readOwnStatus(platform());
  const web = async () => platform().container("web/web");
  const stop = async ({ id }: Container) => platform().docker.getContainer(id).stop({ t: 0 });

  /** No round is at work, as at nearly all times: one that is waits for a silent server as long as agent.yaml says. */
  const rest = async () =>
    agent.until("rest", async () => {
      const looks = platform().server.requests.length;
      const before = agent.events().length;
      await waitFor(() => platform().server.requests.length >= looks + 3, { what: "looks" });
      const rounds = agent.events().filter((name) => name === "round-began" || name === "round-ended");
      return agent.events().length === before && rounds.at(-1) === "round-ended";
    });

  beforeAll(async () => {
    // A branch that the server lets go, unlike its default one.
    await platform().repository.git("push", "--quiet", "origin", "main:live");
    const config = parse(await readFile(platform().config, "utf8"));
    config.source.branch = "live";
    await writeFile(platform().config, stringify(config));
    agent = startStaying(platform().config);
    await agent.until("readiness", async () => isReady(await own()));
  });
  afterAll(async () => agent[Symbol.asyncDispose]());

  it.each(faults)("$what must heal, say $code, and be well when it is back", async (fault) => {
    const before = await web();
    const { count } = await readReport(platform());
    await rest();
    await fault.happens(platform());
    try {
      // The first repair may go by what Git said just before; one after that has to ask it.
      for (const turn of ["at once", "again", "once more"]) {
        await stop(before);
        await agent.until(`the repair, ${turn}`, async () => (await web()).state === "running");
      }
      await agent.until(
        "the code",
        async () => conditionOf(await own(), "SourceReady") === `false ${fault.code}`,
      );
    } finally {
      await fault.mend(platform());
    }
    expect((await web()).id).toBe(before.id);

    await agent.until("readiness", async () => isReady(await own()));
    // All of it, the repairs too, which are news that waits for its turn: else the next fault would count it.
    await agent.until("the report", async () => {
      const [{ status }, told] = await Promise.all([readReport(platform()), own()]);
      return isReady(status) && isDeepStrictEqual(status.operation, told.operation);
    });
    // Its end, and before that the fault, where a server that is back lets it be told.
    expect((await readReport(platform())).count - count).toBeLessThanOrEqual(2);
    expect((await web()).id).toBe(before.id);
  });

  it.each(["here", "away"])("is %s must make its broken copy anew", async (where) => {
    const before = await web();
    if (where === "away") await platform().server.stop();
    const packs = join(platform().stateDir, "git", "objects", "pack");
    for (const name of await readdir(packs)) if (name.endsWith(".pack")) await rm(join(packs, name));
    await stop(before);
    try {
      if (where === "away") await agent.until("the code", async () => !isReady(await own()));
    } finally {
      await platform().server.start();
    }
    await agent.until("the repair", async () => (await web()).state === "running" && isReady(await own()));
    expect((await web()).id).toBe(before.id);
    await waitFor(async () => (await readdir(packs)).some((name) => name.endsWith(".pack")), {
      what: "the copy",
    });
  });
});
