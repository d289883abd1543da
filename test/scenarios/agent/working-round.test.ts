import { describe, expect, it } from "vitest";

import { findFreePort } from "../../support/index.ts";
import { conditionOf, isReady, readOwnStatus, readReport } from "./node-status.ts";
import { startStaying } from "./staying-agent.ts";
import { usePlatform } from "../platform.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", stop_grace_period: 0s }
`;
const compose = "packages/web/compose.yaml";
const broken = `
services:
  app:
    image: "IMAGES/app:1"
    stop_grace_period: 0s
    healthcheck: { test: [CMD, "false"], interval: 1s, retries: 1000 }
`;
const port = await findFreePort();

describe("a version that does not come up, for as long as its trial lasts", () => {
  const platform = usePlatform({ release, agent: { interval: "1s", monitor: { port } } });
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: answer.status, body: await answer.text() };
  };
  const readStatus = async () => readOwnStatus(platform());
  const conditions = async () =>
    Object.fromEntries((await readStatus()).conditions.map(({ type, status }) => [type, status]));

  it("must not be called ready by the node, nor by its monitor, nor in Git", async () => {
    await using agent = startStaying(platform().config);
    await agent.until("the node", async () => (await ask("/readyz")).status === 200);
    const good = await readStatus();
    await platform().upgrade({ [compose]: broken });
    await agent.until("the trial", async () => (await platform().container("web/app")).health === "starting");

    expect(await ask("/readyz")).toMatchObject({
      status: 503,
      body: expect.stringContaining("a round is changing the node"),
    });
    expect((await ask("/metrics")).body).toContain("keelson_agent_ready 0\n");
    expect(await conditions()).toMatchObject({ Ready: "false", Reconciling: "true", Stalled: "false" });
    const { source, instances } = await readStatus();
    expect(source).toMatchObject({ applied: good.source.applied });
    expect(source.attempted).not.toBe(good.source.applied);
    expect(instances).toMatchObject([{ name: "web", sync: "out-of-sync" }]);
    const told = await platform().keelson(["status", "--local", "--config", platform().config]);
    expect([told.exitCode, told.stdout]).toEqual([1, expect.stringContaining("not ready")]);

    const reported = async () => (await readReport(platform())).status;
    await agent.until("the report", async () => !isReady(await reported()));
    expect((await reported()).source).toEqual(source);
    expect(conditionOf(await reported(), "Reconciling")).toMatch("true");

    await platform().upgrade({ [compose]: (text) => text.replace(/ +healthcheck.*\n/, "") });
    await agent.until("the next version", async () => (await ask("/readyz")).status === 200);
    expect(await conditions()).toMatchObject({ Ready: "true", Reconciling: "false" });
    await agent.until("the last report", async () => isReady(await reported()));
  });
});
