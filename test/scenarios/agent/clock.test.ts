import { writeFile } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type TempFolder, makeTempFolder, waitFor } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";
import { isReady, readOwnStatus, readReport } from "./node-status.ts";
import { type StayingAgent, startStaying } from "./staying-agent.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
`;
const dayMs = 24 * 60 * 60_000;

/** A clock that is as far off as a file says, for the agent and its rounds. The monotonic clock stays, as in a real jump. */
const fakeClock = (file: string) => `
process.env.NODE_OPTIONS = "--import=" + import.meta.filename; // of the rounds
import { readFileSync } from "node:fs";
const System = Date;
const offsetMs = () => Number(readFileSync(${JSON.stringify(file)}, "utf8"));
const now = () => System.now() + offsetMs();
globalThis.Date = class Date extends System {
  constructor(...args) {
    super(...(args.length === 0 ? [now()] : args));
  }
  static now() {
    return now();
  }
};
`;

describe("an agent whose clock jumps", () => {
  const platform = usePlatform({ release, agent: { interval: "1s", report: { heartbeat: "25s" } } });
  let folder: TempFolder;
  let agent: StayingAgent;
  const own = async () => readOwnStatus(platform());
  const web = async () => platform().container("web/web");
  const jump = async (offsetMs: number) => writeFile(folder.join("offset"), String(offsetMs));

  beforeAll(async () => {
    folder = await makeTempFolder("keelson-clock-");
    await jump(0);
    await writeFile(folder.join("clock.mjs"), fakeClock(folder.join("offset")));
    agent = startStaying(platform().config, [`--import=${folder.join("clock.mjs")}`]);
    await agent.until("readiness", async () => isReady(await own()));
  });
  afterAll(async () => {
    await agent[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  it.each([
    { by: "a year ahead", offsetMs: 365 * dayMs },
    { by: "a year back from there, and another", offsetMs: -365 * dayMs },
    { by: "to where it belongs", offsetMs: 0 },
  ])("$by must heal, follow, and tell of it", async ({ offsetMs }) => {
    const nowMs = () => Date.now() + offsetMs;
    const { id } = await web();
    await jump(offsetMs);
    const rounds = () => agent.events().filter((name) => name === "round-began").length;
    const before = rounds();
    // The jump itself is no reason for a round.
    const looks = platform().server.requests.length;
    await waitFor(() => platform().server.requests.length >= looks + 3, { what: "looks" });
    expect(rounds() - before).toBeLessThanOrEqual(1);

    await platform().docker.getContainer(id).stop({ t: 0 });
    await agent.until("the repair", async () => (await web()).state === "running");
    expect((await web()).id).toBe(id);
    const next = await platform().push({ note: String(offsetMs) });
    await agent.until("the report of the commit", async () => {
      const { status } = await readReport(platform());
      return status.source.applied === next && Math.abs(Date.parse(status.observedAt) - nowMs()) < dayMs;
    });
    await agent.until("rest", async () => isReady(await own()));
  });

  it("back must go on with its heartbeat", async () => {
    const { count, status } = await readReport(platform());
    await jump(-30 * dayMs);
    const isHeard = async () => (await readReport(platform())).count > count;
    await waitFor(isHeard, { what: "the heartbeat" });
    const { status: next } = await readReport(platform());
    expect(Date.parse(next.observedAt)).toBeLessThan(Date.parse(status.observedAt));
  });
});
