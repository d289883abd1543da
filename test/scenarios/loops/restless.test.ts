import { beforeAll, describe, expect, it } from "vitest";

import { conditionOf } from "../node-status.ts";
import { type NodeOptions, useNode, usePlatform } from "../platform.ts";
import { composeFile } from "../releases.ts";

const looping = `
-- packages/web/package.yaml --
update: { trial: 2s }
-- packages/web/compose.yaml --
services:
  crashing: { image: "IMAGES/app:1", command: [sh, -c, "exit 1"], restart: always }
  falling:
    image: IMAGES/app:1
    command: [sh, -c, "sleep 2; exit 1"]
    restart: always
  checked:
    image: IMAGES/app:1
    command: [sh, -c, "exit 1"]
    restart: always
    healthcheck: { test: [CMD, "true"], interval: 1s, timeout: 1s, retries: 1 }
  # Healthy and not, two seconds each.
  flapping:
    image: IMAGES/app:1
    init: true
    healthcheck: { test: [CMD-SHELL, "test $$(( $$(date +%s) / 2 % 2 )) = 0"], interval: 1s, timeout: 1s, retries: 1 }
  calm: { image: "IMAGES/app:1", init: true }
`;

describe("containers that do not settle", () => {
  const node = useNode({ release: looping });
  let startedMs: number;

  beforeAll(() => {
    startedMs = performance.now();
  });

  it("must not ask for rounds again and again, and be unhealthy all the time", async () => {
    await node().rests(6);
    // Each of the four has asked some five times before it is let rest for longer than that.
    expect(node().agent.count("round-began")).toBeLessThan(30);
    const status = await node().status();
    expect(conditionOf(status, "Ready")).toBe("false");
    expect(conditionOf(status, "Healthy")).toBe("false");
    const steady = status.instances[0]?.services.filter(({ name }) => name !== "flapping");
    expect(steady?.map(({ name, health }) => `${name} ${health}`)).toEqual([
      "calm healthy",
      "checked unhealthy",
      "crashing unhealthy",
      "falling unhealthy",
    ]);
  });

  it.each(["first", "second", "third"])(
    "must not keep another one from being repaired at once (the %s time)",
    async () => {
      const { id, startedAt } = await node().container("web/calm");
      await node().docker.getContainer(id).kill();
      await node().agent.until("the repair", async () => {
        const now = await node().container("web/calm");
        return now.state === "running" && now.startedAt !== startedAt;
      });
      expect((await node().container("web/calm")).id).toBe(id);
    },
  );

  it("must not fill the repository with reports", async () => {
    // Two of the first commit, which are told at once, and then one every 20 s at the most.
    const most = 3 + Math.floor((performance.now() - startedMs) / 20_000);
    expect((await node().report()).count).toBeLessThanOrEqual(most);
  });
});

const failing = `
-- packages/web/compose.yaml --
services:
  job: { image: "IMAGES/app:1", command: [sh, -c, "exit 1"], restart: "no" }
  after:
    image: IMAGES/app:1
    init: true
    depends_on: { migrate: { condition: service_completed_successfully } }
  migrate: { image: "IMAGES/app:1", command: [sh, -c, "exit 1"] }
  calm: { image: "IMAGES/app:1", init: true }
`;

describe("a job that fails", () => {
  const node = useNode({ release: failing });

  it("must be reported and tried again after longer and longer waits, and not in between", async () => {
    /** By attempt, the milliseconds from what it came to until the next one. */
    const waits = new Map<number, number>();
    await node().agent.until("three waits", async () => {
      const { retry, observedAt } = await node().status();
      if (retry !== null) waits.set(retry.attempt, Date.parse(retry.nextAt) - Date.parse(observedAt));
      return waits.size >= 3;
    });
    const attempts = [...waits.keys()];
    const times = [...waits.values()];
    expect(attempts).toEqual([1, 2, 3]);
    expect(times[0]).toBeGreaterThanOrEqual(1_000);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    // No failure asked for a round: each came when its time was there.
    expect(new Set(node().agent.triggers().slice(1))).toEqual(new Set(["retry"]));
    const { errors } = await node().status();
    expect(errors.map(({ code, resource }) => `${code} ${resource.split("/")[1]}`).sort()).toEqual([
      "K3006 job",
      "K3006 migrate",
    ]);
    expect(await node().container("web/after")).toMatchObject({ state: "created" });
    expect(await node().container("web/calm")).toMatchObject({ state: "running" });
  });

  it("must be over when a commit mends it", async () => {
    const { id } = await node().container("web/calm");
    await node().upgrade({ [composeFile]: (text) => text.replaceAll("exit 1", "exit 0") });
    const isOver = async () => (await node().container("web/after")).state === "running";
    await node().settles("all of it", isOver);
    expect((await node().status()).errors).toEqual([]);
    expect((await node().container("web/calm")).id).toBe(id);
  });
});

const counted = `
-- packages/web/compose.yaml --
services:
  job: { image: "IMAGES/app:1", command: [sh, -c, "echo tried; exit 1"], restart: "no" }
  done: { image: "IMAGES/app:1", command: [sh, -c, "echo tried"], restart: "no" }
  calm: { image: "IMAGES/app:1", init: true }
`;

describe.each<[what: string, trigger: string, options: Omit<NodeOptions, "release">]>([
  [
    "a source that only rounds can poll",
    "poll of the branch",
    {
      prepare: async (platform) => {
        const source = { url: platform.repository.path, branch: "main" };
        await platform.configure({ source, report: { as: "none" } });
      },
    },
  ],
  ["a status that is due each second", "heartbeat", { agent: { report: { heartbeat: "1s" } } }],
])("a job that fails, with %s", (_what, trigger, options) => {
  const node = useNode({ release: counted, ...options });
  /** How often the job has run by now. */
  const runsOf = async (service: string) => {
    const { id } = await node().container(`web/${service}`);
    const log = await node().docker.getContainer(id).logs({ stdout: true });
    return String(log).split("tried").length - 1;
  };

  it("must be tried when that was announced, and at no round in between", async () => {
    const { agent } = node();
    await agent.until("the fourth announcement", async () => (await node().status()).retry?.attempt === 4);
    // The fifth try is some 16 s away.
    expect(await runsOf("job")).toBe(4);
    expect(agent.triggers()).toContain(trigger);
    expect(await runsOf("done")).toBe(1);
    const { errors, retry } = await node().status();
    expect(errors.map(({ code, resource }) => `${code} ${resource.split("/")[1]}`)).toEqual(["K3006 job"]);
    expect(retry?.attempt).toBe(4);
    const shown = await node().keelson(["status", "--local", "--config", node().config]);
    expect(shown.stdout).toContain(`, at ${retry?.nextAt}, number 4 in a row\n`);
    expect(shown.stdout).toMatch(/^next try in \d+ s, /m);
  });

  it("must not keep what stops from being started again meanwhile", async () => {
    const { id, startedAt } = await node().stop("web/calm");
    await node().agent.until("the repair", async () => {
      const now = await node().container("web/calm");
      return now.state === "running" && now.startedAt !== startedAt;
    });
    expect((await node().container("web/calm")).id).toBe(id);
    await node().agent.until("as many tries as were announced", async () => {
      const runs = await runsOf("job");
      return runs === (await node().status()).retry?.attempt;
    });
  });

  it("must be tried at once when somebody asks", async () => {
    const runs = await runsOf("job");
    await node().keelson(["sync", "--config", node().config]);
    expect(await runsOf("job")).toBeGreaterThan(runs);
  });
});

const ending = `
-- packages/web/package.yaml --
services: { relay: server }
-- packages/web/compose.yaml --
services:
  relay: { image: "IMAGES/app:1", command: [sh, -c, "sleep 2; echo nothing to relay"] }
  calm: { image: "IMAGES/app:1", init: true }
`;

describe("a server that ends with 0 again and again", () => {
  const node = useNode({ release: ending });
  const errorOf = async () => (await node().status()).errors.find(({ code }) => code === "K3037");

  it("must be started again after longer and longer waits, and be an error that says how it ended", async () => {
    await node().agent.until("the error", async () => (await errorOf()) !== undefined);
    const { message = "", resource } = (await errorOf()) ?? {};
    expect(resource).toBe(`service:${node().project("web")}/relay`);
    expect(message).toContain("ends again and again, last with exit code 0");
    expect(message).toContain("nothing to relay");
    /** By its start, when each run of it was seen first. */
    const starts = new Set<string>();
    await node().agent.until("four more starts", async () => {
      starts.add((await node().container("web/relay")).startedAt);
      // The error stays, whether the container runs just now or not.
      expect((await errorOf())?.message).toContain("exit code 0");
      expect(conditionOf(await node().status(), "Ready")).toBe("false");
      return starts.size >= 5;
    });
    const times = [...starts].map((start) => Date.parse(start));
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(8_000);
    expect(await node().container("web/calm")).toMatchObject({ state: "running" });
  });

  it("must be over when a commit says that it is a job", async () => {
    await node().upgrade({
      "packages/web/package.yaml": (text) => text.replace("relay: server", "relay: job"),
    });
    await node().settles("the end of the error", async () => (await node().status()).errors.length === 0);
    expect(conditionOf(await node().status(), "Ready")).toBe("true");
    expect(await node().container("web/relay")).toMatchObject({ state: "exited" });
  });
});

const crashing = `
-- packages/web/package.yaml --
services: { relay: server }
-- packages/web/compose.yaml --
services:
  # Crashes twice after two seconds, and then lives.
  relay:
    image: IMAGES/app:1
    init: true
    command:
      - sh
      - -c
      - "test $$(cat /runs | wc -l) -ge 2 && exec sleep 100000; echo run >> /runs; sleep 2; echo no upstream; exit 3"
`;

describe("a server that no engine starts again and that crashes", () => {
  const node = useNode({ release: crashing });

  it("must be told from its second crash on, also while it runs, until it has run for long enough", async () => {
    const { agent } = node();
    const findError = async () => (await node().status()).errors.find(({ code }) => code === "K3037");
    const isToldOfARun = async () => {
      const error = await findError();
      return error?.outcome === "waiting" && (await node().container("web/relay")).state === "running";
    };
    await agent.until("the error of what runs", isToldOfARun);
    const running = await node().status();
    expect(conditionOf(running, "Ready")).toBe("false");
    expect(conditionOf(running, "Reconciling")).toBe("false");
    expect(running.instances[0]?.services).toMatchObject([{ state: "running", health: "unhealthy" }]);
    const { message } = (await findError()) ?? {};
    expect(message).toContain("ends again and again, last with exit code 3");
    expect(message).toContain("no upstream");
    // It was started promptly, and has not been ready since its second crash.
    const { id, startedAt } = await node().container("web/relay");
    const { State: state } = await node().docker.getContainer(id).inspect();
    expect(Date.parse(startedAt) - Date.parse(state.FinishedAt)).toBeLessThan(20_000);
    await node().untilReady();
    expect(agent.triggers().at(-1)).toBe("settled");
    const { errors, observedAt } = await node().status();
    expect(errors).toEqual([]);
    expect(Date.parse(observedAt) - Date.parse(startedAt)).toBeGreaterThanOrEqual(20_000);
  });
});

const falling = `
-- packages/web/package.yaml --
services: { relay: server }
-- packages/web/compose.yaml --
services:
  relay: { image: "IMAGES/app:1", command: [sh, -c, "until test -e /gone; do sleep 0.1; done; rm /gone; echo told; exit 3"] }
`;

describe("a server that crashes, and that a person starts again each time", () => {
  const platform = usePlatform({ release: falling });
  const handle = async () => platform().docker.getContainer((await platform().container("web/relay")).id);
  const crash = async () => {
    const container = await handle();
    const ended = container.wait();
    await platform().exec("web/relay", "touch", "/gone");
    expect(await ended).toMatchObject({ StatusCode: 3 });
    await container.start();
  };

  it("must be ready after its first crash, and told with its exit code from the second one on", async () => {
    expect((await platform().reconcile()).exitCode).toBe(0);
    await crash();
    const first = await platform().reconcile();
    expect(first.status.errors).toEqual([]);
    expect(conditionOf(first.status, "Ready")).toBe("true");
    await crash();
    const second = await platform().reconcile();
    expect(second.output).toContain("nothing to do");
    expect(second.exitCode).toBe(1);
    expect(conditionOf(second.status, "Ready")).toBe("false");
    expect(second.status.errors).toMatchObject([
      {
        code: "K3037",
        resource: `service:${platform().project("web")}/relay`,
        message: expect.stringMatching(/last with exit code 3: .*told$/),
        outcome: "waiting",
      },
    ]);
    expect((await platform().container("web/relay")).state).toBe("running");
  });

  it("must be well when a person stops, kills and restarts it as often", async () => {
    await (await handle()).remove({ force: true });
    expect((await platform().reconcile()).exitCode).toBe(0);
    for (const end of ["restart", "kill", "stop"] as const) {
      await (await handle())[end]();
      const round = await platform().reconcile();
      expect(round.status.errors).toEqual([]);
      expect(conditionOf(round.status, "Ready")).toBe("true");
    }
  });
});
