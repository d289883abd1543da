import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isRunning, waitFor } from "../../support/index.ts";
import { makeComposeProgram } from "../compose-program.ts";
import { expectFault, expectReady } from "../faults/outcome.ts";
import { conditionOf, isReady } from "../node-status.ts";
import { type Container, type Platform, useNode, usePlatform } from "../platform.ts";

// `app` hears a stop only when it is told so; `front` waits for it, and other instances have nothing to do with it.
const release = `
-- packages/slow/compose.yaml --
services:
  app:
    image: IMAGES/app:1
    init: true
    healthcheck: { test: [CMD, test, -e, /www/index.html], interval: 1s }
  front: { image: "IMAGES/app:1", init: true, depends_on: { app: { condition: service_healthy } } }
  side: { image: "IMAGES/app:1", init: true }
-- packages/web/compose.yaml --
services:
  one: { image: "IMAGES/app:1", init: true }
  two: { image: "IMAGES/app:1", init: true }
`;
const compose = "packages/slow/compose.yaml";
const check = "healthcheck: { test: [CMD, test, -e, /www/index.html], interval: 1s }";
const deaf = `command: [sh, -c, "trap '' TERM; serve"]`;

describe("while a service does not come up", () => {
  const node = useNode({
    release,
    agent: { report: { as: "none" }, timeouts: { trial: "10m", stop: "5m" } },
    prepare: async (platform) => {
      await platform.configure((config) => ({
        ...config,
        source: { ...Object(config["source"]), url: `file://${platform.repository.path}` },
      }));
      first = await readCompose(platform);
    },
  });
  let first: string;
  const ended = () => node().agent.count("round-ended");
  const isApplied = async () => {
    const status = await node().status();
    return status.source.applied === (await node().repository.head()) && isReady(status);
  };
  /** Publishes it without a server: what is looked at is a folder on this machine. */
  const wantCheck = async (text: string) => node().upgrade({ [compose]: () => slowWith(text) });
  const slowWith = (text: string) =>
    first.replace(check, text).replaceAll("IMAGES/app:1", node().image("app:1"));
  const untilAwaited = async (before: Container) =>
    node().agent.until("the round to wait for health", async () => {
      const app = await node().container("slow/app");
      return app.id !== before.id && app.state === "running" && app.health === "starting";
    });

  beforeAll(async () => node().agent.until("all to run", isApplied));
  beforeEach(() => node().forgetStarts());

  it.each([
    {
      what: "a start period of 20 h",
      text: "healthcheck: { test: [CMD, 'false'], interval: 1s, start_period: 20h }",
    },
    {
      what: "a check that hangs",
      text: "healthcheck: { test: [CMD, sleep, '1000'], interval: 1s, timeout: 6h, retries: 2 }",
    },
    {
      what: "an interval of 6 h",
      text: "healthcheck: { test: [CMD, 'true'], interval: 6h, timeout: 1s, retries: 2 }",
    },
  ])("must bring back what stops elsewhere, and see the commit that mends it ($what)", async ({ text }) => {
    const before = await node().container("slow/app");
    const [one, two] = await Promise.all([node().container("web/one"), node().container("web/two")]);
    await wantCheck(text);
    await untilAwaited(before);
    const rounds = ended();

    await node().stop("web/one");
    await node().agent.until(
      "what stopped to run again",
      async () => (await startOf("web/one")) > one.startedAt,
    );
    await node().docker.getContainer(two.id).remove({ force: true });
    await node().agent.until("what was removed to run again", async () => {
      const all = await node().containers();
      return all.some(({ service, id, state }) => service === "two" && id !== two.id && state === "running");
    });
    const app = await node().container("slow/app");
    expect(app.health).toBe("starting");
    expect(ended(), "the round waits still").toBe(rounds);
    const status = await node().status();
    expect(status.source.applied).not.toBe(await node().repository.head());

    await wantCheck(check);
    await node().agent.until("the commit that mends it", isApplied);
    expect(node().agent.count("newer-revision")).toBeGreaterThan(0);
    expect((await node().container("slow/app")).health).toBe("healthy");
    expect((await node().container("web/one")).id).toBe(one.id);
  });

  it("must bring back what stops elsewhere while a container does not hear a stop", async () => {
    const one = await node().container("web/one");
    const side = await node().container("slow/side");
    await wantCheck(`${deaf}\n    stop_grace_period: 20h\n    ${check}`);
    await node().agent.until("the deaf one to run", isApplied);
    const app = await node().container("slow/app");
    await wantCheck(check);
    const isReplaced = async () =>
      (await node().containers()).some(({ name }) => /^[0-9a-f]{12}_/.test(name));
    await node().agent.until("its replacement", isReplaced);
    for (const name of ["web/one", "slow/side"]) await node().stop(name);
    await node().agent.until(
      "what stopped to run again",
      async () => (await startOf("web/one")) > one.startedAt && (await startOf("slow/side")) > side.startedAt,
    );
    expect(await isReplaced(), "it is waited for still").toBe(true);
    // It has been deaf for long enough.
    await node().docker.getContainer(app.id).kill();
    await node().agent.until("the replacement", isApplied);
  });

  it("must apply a commit to other instances meanwhile, and let what takes long come to its end", async () => {
    const job = `job: { image: "${node().image("app:1")}", init: true, restart: "no", command: [sh, -c, "while [ ! -e /tmp/go ]; do sleep 0.1; done"] }`;
    const late = `late: { image: "${node().image("app:1")}", init: true, depends_on: { job: { condition: service_completed_successfully } } }`;
    await node().upgrade({ [compose]: () => `${slowWith(check)}  ${job}\n  ${late}\n` });
    const isAtWork = async () => {
      const found = (await node().containers()).find(({ service }) => service === "job");
      return found?.state === "running";
    };
    await node().agent.until("the one-shot to run", isAtWork);
    const { id } = await node().container("slow/job");
    await node().upgrade({
      "packages/web/compose.yaml": (text) => text.replace("init: true }", "init: true, hostname: next }"),
    });
    const isChanged = async () =>
      (
        await node()
          .exec("web/one", "hostname")
          .catch(() => "")
      ).trim() === "next";
    await node().agent.until("the change of another instance", isChanged);
    expect(await node().container("slow/job")).toMatchObject({ id, state: "running" });
    expect((await node().container("slow/late")).state).toBe("created");
    const status = await node().status();
    expect(isReady(status)).toBe(false);
    expect(status.source.applied).not.toBe(await node().repository.head());

    await node().exec("slow/job", "touch", "/tmp/go");
    await node().agent.until("all to be there", isApplied);
    expect(await node().container("slow/job")).toMatchObject({ id, state: "exited", exitCode: 0 });
    expect((await node().container("slow/late")).state).toBe("running");
    await wantCheck(check);
    await node().agent.until("the one-shot to be gone", isApplied);
  });

  it("must bring back what stops elsewhere while a registry does not answer", async () => {
    const registry = createServer(() => {}).listen(0, "127.0.0.1");
    await once(registry, "listening");
    const connected = once(registry, "connection");
    const { port } = Object(registry.address());
    try {
      const one = await node().container("web/one");
      await node().upgrade({
        [compose]: () => slowWith(check).replace(node().image("app:1"), `127.0.0.1:${port}/app:1`),
      });
      await connected;
      const rounds = ended();
      await node().stop("web/one");
      await node().agent.until(
        "what stopped to run again",
        async () => (await startOf("web/one")) > one.startedAt,
      );
      expect(ended(), "the round waits still").toBe(rounds);
      await wantCheck(check);
      await node().agent.until("the commit that mends it", isApplied);
      expect((await node().container("web/one")).id).toBe(one.id);
    } finally {
      registry.closeAllConnections();
      registry.close();
    }
  });

  async function startOf(name: string): Promise<string> {
    const { state, startedAt } = await node().container(name);
    return state === "running" ? startedAt : "";
  }
});

describe("a wait that a commit asks for", () => {
  const timeouts = { stop: "6s", trial: "15s" };
  const platform = usePlatform({ release, agent: { timeouts } });
  const replace = (from: string, to: string) => ({ [compose]: (text: string) => text.replace(from, to) });

  beforeAll(async () => {
    expectReady(await platform().reconcile());
  });
  beforeEach(() => platform().forgetStarts());

  it.each([
    [check, "stop_grace_period: 1000h", "stop_grace_period 1000h is longer than 24h"],
    [check, "stop_grace_period: -1s", "stop_grace_period -1s is below zero"],
    ["interval: 1s", "start_period: 100000h", "start_period 100000h is longer than 24h"],
    ["interval: 1s", "retries: 9000000", "more than 24h together"],
  ])(
    "must be refused where nobody can mean it, and the node kept as it was (%s, %s)",
    async (from, to, says) => {
      const { id } = await platform().stop("web/one");
      await platform().upgrade(replace(from, to));
      const round = await platform().reconcile();
      expectFault(round, { code: "K1429", says });
      expect(round.output).toMatch(/compose\.yaml:\d+:\d+/);
      expect(await platform().container("web/one")).toMatchObject({ id, state: "running" });
      await platform().upgrade(replace(to, from));
      expectReady(await platform().reconcile());
    },
  );

  it("must be cut to what the node gives, and told: a start period", async () => {
    await platform().upgrade(
      replace(check, "healthcheck: { test: [CMD, 'false'], interval: 1s, start_period: 20h }"),
    );
    const round = await platform().reconcile();
    expectFault(round, {
      code: "K3005",
      resource: `service:${platform().project("slow")}/app`,
      says: "did not become healthy within 15 s",
    });
    expect(round.output).toContain("[K3017]");
    expect(conditionOf(round.status, "Healthy")).toBe("false");
    const again = await platform().reconcile();
    expectFault(again, { code: "K3005", says: "did not become healthy within 15 s" });
    expect(again.status.source.applied).not.toBe(await platform().repository.head());
    await platform().upgrade({ [compose]: (text) => text.replace(/^ {4}healthcheck: .*$/m, `    ${check}`) });
    expectReady(await platform().reconcile());
  });

  it("must be cut to what the node gives: a one-shot that never ends", async () => {
    const job = `job: { image: "IMAGES/app:1", init: true, command: [sleep, "1000"], restart: "no" }`;
    const late = `late: { image: "IMAGES/app:1", init: true, depends_on: { job: { condition: service_completed_successfully } } }`;
    await platform().upgrade({ [compose]: (text) => `${text}  ${job}\n  ${late}\n` });
    expectFault(await platform().reconcile(), { code: "K3006", says: "did not end within 15 s" });
    const again = await platform().reconcile();
    expectFault(again, { code: "K3006", says: "did not end within 15 s" });
    expect(again.status.source.applied).not.toBe(await platform().repository.head());
    await platform().upgrade({ [compose]: (text) => text.replaceAll(/^ {2}(?:job|late): .*\n/gm, "") });
    expectReady(await platform().reconcile());
  });

  it("must be cut to what the node gives: a grace, when it is replaced and when it is removed", async () => {
    await platform().upgrade(replace(check, `${deaf}\n    stop_grace_period: 20h\n    ${check}`));
    expectReady(await platform().reconcile());
    const { id } = await platform().container("slow/app");
    await platform().upgrade(replace("stop_grace_period: 20h", "stop_grace_period: 19h"));
    const round = await platform().reconcile();
    expectReady(round);
    expect(round.output).toContain("asks for 19h to end; this node gives 6s (timeouts.stop)");
    expect((await platform().container("slow/app")).id).not.toBe(id);
    await platform().upgrade({
      [compose]: (text) => text.replace(`    ${deaf}\n    stop_grace_period: 19h\n`, ""),
    });
    expectReady(await platform().reconcile());
  });

  it("must be given where it is honest: a slow start, and an end that takes its time", async () => {
    const slow = "healthcheck: { test: [CMD, test, -e, /tmp/up], interval: 1s, start_period: 20h }";
    const command = `command: [sh, -c, "trap 'sleep 1; echo ended >> /data/note; exit' TERM; sleep 1; touch /tmp/up; serve & wait; wait"]`;
    await platform().upgrade({
      [compose]: (text) =>
        `${text.replace(check, `${command}\n    volumes: ["data:/data"]\n    stop_grace_period: 20s\n    ${slow}`)}volumes: { data: {} }\n`,
    });
    expectReady(await platform().reconcile());
    await platform().upgrade(replace("stop_grace_period: 20s", "stop_grace_period: 21s"));
    expectReady(await platform().reconcile());
    expect(await platform().exec("slow/app", "cat", "/data/note")).toBe("ended\n");
  });
});

describe("a killed apply", () => {
  const platform = usePlatform({ release, agent: { timeouts: { stop: "5s" } } });
  const pidFile = () => join(platform().folder, "compose.pid");

  it("must not hold the lock for ever by a Compose that does not end", async () => {
    expectReady(await platform().reconcile());
    await platform().upgrade({ [compose]: (text) => text.replace("app:1", "app:1\n    hostname: next") });
    const hang = `case " $* " in *" up "*) echo $$ > '${pidFile()}.new'; mv '${pidFile()}.new' '${pidFile()}'; while :; do sleep 1; done ;; esac`;
    const program = await makeComposeProgram(platform().folder, hang);
    const agent = platform().startRound({ env: { KEELSON_COMPOSE: program } });
    const hanging = await waitFor(async () => Number(await readFile(pidFile(), "utf8")), {
      what: "Compose to hang",
    });
    await agent.kill();
    expect(await isRunning(hanging)).toBe(true);
    const round = await platform().reconcile();
    expectReady(round);
    expect(round.output).toContain("[K4025]");
    expect((await platform().exec("slow/app", "hostname")).trim()).toBe("next");
  });

  it("must not hold it for longer than a container gets to end, whatever the commit says", async () => {
    const isReplaced = async () =>
      (await platform().containers()).some(({ name }) => /^[0-9a-f]{12}_/.test(name));
    await platform().upgrade({
      [compose]: (text) => text.replace("hostname: next", `${deaf}\n    stop_grace_period: 20h`),
    });
    expectReady(await platform().reconcile());
    const { id } = await platform().container("slow/app");
    await platform().upgrade({
      [compose]: (text) => text.replace(`${deaf}\n    stop_grace_period: 20h`, "tty: true"),
    });
    const agent = platform().startRound();
    await waitFor(isReplaced, { what: "the replacement" });
    await agent.kill();
    const round = await platform().reconcile();
    expectReady(round);
    expect(round.output).not.toContain("[K4025]");
    expect((await platform().container("slow/app")).id).not.toBe(id);
  });
});

async function readCompose({ repository }: Platform): Promise<string> {
  const found = await repository.git("ls-files", `*/${compose}`);
  return readFile(join(repository.path, found), "utf8");
}
