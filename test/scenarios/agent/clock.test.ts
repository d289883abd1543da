import { rename, writeFile } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeTempFolder } from "../../support/index.ts";
import { useNode } from "../platform.ts";
import { oneService } from "../releases.ts";

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

const folder = await makeTempFolder("keelson-clock-");
const heartbeatMs = 25_000;

/** Triggers of rounds whose delay is over. */
const timed = new Set(["heartbeat", "routine", "retry", "retry to publish the status"]);

describe("an agent whose clock jumps", () => {
  const node = useNode({
    release: oneService,
    agent: { report: { heartbeat: `${heartbeatMs / 1000}s` } },
    prepare: async () => {
      await jump(0);
      await writeFile(folder.join("clock.mjs"), fakeClock(folder.join("offset")));
    },
    process: { nodeOptions: [`--import=${folder.join("clock.mjs")}`] },
  });
  const web = async () => node().container("web/web");
  /** Whoever looks at the clock meanwhile sees the one or the other. */
  const jump = async (offsetMs: number) => {
    await writeFile(folder.join("draft"), String(offsetMs));
    await rename(folder.join("draft"), folder.join("offset"));
  };

  beforeAll(async () => node().untilReady());
  afterAll(async () => folder[Symbol.asyncDispose]());

  it.each([
    { by: "a year ahead", offsetMs: 365 * dayMs },
    { by: "a year back from there, and another", offsetMs: -365 * dayMs },
    { by: "to where it belongs", offsetMs: 0 },
  ])("$by must heal, follow, and tell of it", async ({ offsetMs }) => {
    const nowMs = () => Date.now() + offsetMs;
    const { id } = await web();
    const before = node().agent.triggers().length;
    const jumpedMs = performance.now();
    await jump(offsetMs);
    // The jump itself is no reason for a round: none comes but for the heartbeat.
    await node().looks(3);
    const triggers = node().agent.triggers().slice(before);
    const most = 1 + Math.ceil((performance.now() - jumpedMs) / heartbeatMs);
    expect(triggers.filter((trigger) => !timed.has(trigger))).toEqual([]);
    expect(triggers.length).toBeLessThanOrEqual(most);

    await node().stop("web/web");
    await node().agent.until("the repair", async () => (await web()).state === "running");
    expect((await web()).id).toBe(id);
    const next = await node().push({ note: String(offsetMs) });
    await node().agent.until("the report of the commit", async () => {
      const { status } = await node().report();
      return status.source.applied === next && Math.abs(Date.parse(status.observedAt) - nowMs()) < dayMs;
    });
    await node().untilReady();
  });

  it("back must go on with its heartbeat", async () => {
    const { count, status } = await node().report();
    await jump(-30 * dayMs);
    await node().agent.until("the heartbeat", async () => (await node().report()).count > count);
    const { status: next } = await node().report();
    expect(Date.parse(next.observedAt)).toBeLessThan(Date.parse(status.observedAt));
  });
});
