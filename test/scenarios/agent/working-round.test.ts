import { describe, expect, it } from "vitest";

import { Status } from "../../../libs/model/src/index.ts";
import { conditionOf, isReady, parseNote } from "../node-status.ts";
import { useNode } from "../platform.ts";
import { composeFile } from "../releases.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", stop_grace_period: 0s }
`;
const broken = `
services:
  app:
    image: "IMAGES/app:1"
    stop_grace_period: 0s
    healthcheck: { test: [CMD, "false"], interval: 1s, retries: 1000 }
`;

describe("a version that does not come up, for as long as its trial lasts", () => {
  const node = useNode({ release });
  const conditions = async () =>
    Object.fromEntries((await node().status()).conditions.map(({ type, status }) => [type, status]));

  it("must not be called ready by the node, nor by its monitor, nor in Git", async () => {
    const { agent } = node();
    await agent.until("the node", async () => node().isCalledReady());
    const good = await node().status();
    await node().upgrade({ [composeFile]: broken });
    await agent.until("the trial", async () => (await node().container("web/app")).health === "starting");

    expect(await node().ask("/readyz")).toMatchObject({
      status: 503,
      body: expect.stringContaining("a round is changing the node"),
    });
    expect((await node().ask("/metrics")).body).toContain("keelson_agent_ready 0\n");
    expect(await conditions()).toMatchObject({ Ready: "false", Reconciling: "true", Stalled: "false" });
    expect((await node().status()).conditions).toContainEqual(
      expect.objectContaining({ type: "Reconciling", reason: "AtWork" }),
    );
    const { source, instances } = await node().status();
    expect(source).toMatchObject({ applied: good.source.applied });
    expect(source.attempted).not.toBe(good.source.applied);
    expect(instances).toMatchObject([{ name: "web", sync: "out-of-sync" }]);
    const made = async () => (await node().status()).instances[0]?.services[0];
    await agent.until("what is being made", async () => (await made())?.health === "starting");
    const { state, digest } = (await made()) ?? {};
    expect([state, digest?.have]).toEqual(["running", digest?.want]);
    expect(await conditions()).toMatchObject({ Ready: "false", Reconciling: "true", Healthy: "false" });
    const told = await node().keelson(["status", "--local", "--config", node().config]);
    expect([told.exitCode, told.stdout]).toEqual([1, expect.stringContaining("not ready")]);
    expect(told.stdout).toMatch(/\na round is at work: commit [0-9a-f]{8}\n {2}… .*web\/app\n/);
    const json = JSON.parse(
      (await node().keelson(["status", "--local", "--json", "--config", node().config])).stdout,
    );
    expect(json.work).toMatchObject({ trigger: expect.stringMatching(/^commit /) });
    expect(json.work.doing.join()).toContain("web/app");

    const reported = async () => (await node().report()).status;
    await agent.until("the report", async () => !isReady(await reported()));
    expect((await reported()).source).toEqual(source);
    expect(conditionOf(await reported(), "Reconciling")).toBe("true");

    await node().upgrade({ [composeFile]: (text) => text.replace(/ +healthcheck.*\n/, "") });
    await agent.until("the next version", async () => node().isCalledReady());
    expect(await conditions()).toMatchObject({ Ready: "true", Reconciling: "false" });
    await agent.until("the last report", async () => isReady(await reported()));
    await node().rests();
    const later = await node().keelson(["status", "--local", "--config", node().config]);
    expect(later.stdout).not.toContain("a round is at work");
  });
});

const slow = `
-- packages/web/compose.yaml --
services:
  app:
    image: IMAGES/app:1
    init: true
    command: [sh, -c, "date +%s > /started; while :; do sleep 60; done"]
    # Well from ten seconds after each start on.
    healthcheck: { test: [CMD-SHELL, "test $$(( $$(date +%s) - $$(cat /started) )) -ge 10"], interval: 1s, retries: 1000 }
`;

describe("a repair with a short trial", () => {
  const node = useNode({ release: slow });

  it("must be told in Git while the trial lasts, and once", async () => {
    const { agent, repository } = node();
    await node().untilReady();
    await agent.until("the report", async () => isReady((await node().report()).status));
    const first = await node().report();
    const { startedAt } = await node().stop("web/app");
    await agent.until("the repair", async () => {
      const now = await node().container("web/app");
      return now.startedAt !== startedAt && now.health === "healthy";
    });
    await agent.until("the report of its end", async () => {
      const { status, count } = await node().report();
      return isReady(status) && count > first.count;
    });
    const ref = `refs/notes/keelson/${node().environment}/${node().node}`;
    const revisions = (await repository.git("rev-list", "--reverse", ref)).split("\n").slice(first.count);
    const told = await Promise.all(
      revisions.map(async (revision) => {
        const note = await repository.git("show", `${revision}:${first.commit}`);
        return Status.parse(parseNote(note));
      }),
    );
    expect(told.map((status) => [isReady(status), conditionOf(status, "Reconciling")])).toEqual([
      [false, "true"],
      [true, "false"],
    ]);
  });
});

const two = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", stop_grace_period: 0s }
OTHER
`;
const other = `
  other:
    image: IMAGES/app:1
    stop_grace_period: 0s
    healthcheck: { test: [CMD-SHELL, "test ! -e /sick"], interval: 1s, retries: 1 }
`;

describe("a service that becomes unwell while a round waits for another one", () => {
  const node = useNode({ release: two.replace("\nOTHER\n", other) });

  it("must be told so before the wait is over", async () => {
    const { agent } = node();
    await agent.until("the node", async () => node().isCalledReady());
    await node().upgrade({ [composeFile]: `${broken.trimEnd()}${other}` });
    const healthOf = async (service: string) => {
      const { instances } = await node().status();
      return instances[0]?.services.find(({ name }) => name === service)?.health;
    };
    await agent.until("the trial", async () => (await healthOf("app")) === "starting");
    expect(await healthOf("other")).toBe("healthy");
    await node().exec("web/other", "touch", "/sick");
    await agent.until("what is unwell now", async () => (await healthOf("other")) === "unhealthy");
    expect(await healthOf("app")).toBe("starting");
    expect(conditionOf(await node().status(), "Reconciling")).toBe("true");
  });
});
