import { readFile } from "node:fs/promises";

import { beforeAll, describe, expect, it } from "vitest";

import { checkout, findFreePort, runAgent, waitFor } from "../../support/index.ts";
import { findChild } from "../child-process.ts";
import { useNode } from "../platform.ts";
import { composeFile, oneService } from "../releases.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";

const port = await findFreePort();

/** The expressions of the operations page, as they stand there. */
const page = await readFile(`${checkout}/docs/operations.md`, "utf8");
const expressions = [...page.matchAll(/`((?:increase\()?keelson_agent_[^`]*(?:[=)>] ?\d*))`/g)].map(
  ([, expression = ""]) => expression,
);

const stalled = "keelson_agent_stalled == 1";
const unready = "keelson_agent_ready == 0";
const suspended = "keelson_agent_suspended == 1";
const lost = 'increase(keelson_agent_rounds_total{result="lost"}[1h]) > 0';
const untold = 'increase(keelson_agent_notifications_total{result="failed"}[1h]) > 0';
const runs = 'increase(keelson_agent_scheduled_runs_total{result="done"}[1d])';

describe("in a Prometheus, the alerts of the operations page", () => {
  const node = useNode({ release: oneService, monitor: { port } });
  let prometheus: Prometheus;
  beforeAll(async () => {
    prometheus = await startPrometheus(port);
    return async () => prometheus[Symbol.asyncDispose]();
  });
  const fires = async (expression: string) => (await prometheus.query(expression)).length > 0;
  /** True as soon as an alert fires, or as it ends. */
  const begins = async (expression: string) =>
    waitFor(async () => fires(expression), { what: `the alert ${expression}` });
  const ends = async (expression: string) =>
    waitFor(async () => !(await fires(expression)), { what: `the end of ${expression}` });

  it("must be expressions of which each has its test here", () => {
    expect(expressions.sort()).toEqual([stalled, unready, suspended, lost, untold, runs].sort());
  });

  it("must not fire where all is well", async () => {
    await node().untilReady();
    expect(await begins("keelson_agent_ready == 1")).toBe(true);
    // Two samples at least: with one there is no increase to tell.
    await waitFor(async () => (await prometheus.query(runs)).length === 1, { what: "the runs of a day" });
    expect(await prometheus.query(runs)).toEqual([0]);
    for (const expression of [stalled, unready, suspended, lost, untold])
      expect([expression, await fires(expression)]).toEqual([expression, false]);
  });

  it("must fire while a person withholds action", async () => {
    const { config } = node();
    await runAgent(["suspend", "--reason", "a look", "--config", config]);
    expect(await begins(suspended)).toBe(true);
    expect(await begins(unready)).toBe(true);
    await runAgent(["resume", "--config", config]);
    expect(await ends(suspended)).toBe(true);
    expect(await ends(unready)).toBe(true);
  });

  it("must fire when a round is killed", async () => {
    const health = "healthcheck: { test: [CMD, test, -e, /nowhere], interval: 1s, retries: 1000 }";
    await node().upgrade({ [composeFile]: (text) => `${text}    ${health}\n` });
    await node().agent.until("a round at work", async () => {
      const round = await findChild(node().agent.pid, "MainThread");
      return round !== undefined && process.kill(round, "SIGKILL");
    });
    expect(await begins(lost)).toBe(true);
    expect(await fires(untold)).toBe(false);
  });

  it("must fire when only a person can help", async () => {
    await node().push({ [node().paths.environment]: "name: [" });
    expect(await begins(stalled)).toBe(true);
  });
});
