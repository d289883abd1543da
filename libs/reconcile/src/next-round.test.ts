import { KeelsonError, stalled } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { untilNextRoundMs, untilRetryMs } from "./next-round.ts";

const status = (isRetried: boolean) => ({
  conditions: [
    {
      type: "Reconciling" as const,
      status: isRetried ? ("true" as const) : ("false" as const),
      reason: "",
      message: "",
      since: "",
    },
  ],
});

describe("untilNextRoundMs", () => {
  it("must back off from 2 s to 10 min while something is tried again", () => {
    const waits = [0, 1, 2, 5, 30].map((attempt) => untilNextRoundMs(status(true), { attempt, chance: 0.5 }));
    expect(waits).toEqual([2_000, 4_000, 8_000, 64_000, 600_000]);
  });

  it("must look again after 10 min at what is done or waits for a human", () => {
    expect(untilNextRoundMs(status(false), { attempt: 9, chance: 0.5 })).toBe(600_000);
  });

  it("must spread nodes apart by a tenth either way", () => {
    const waits = [0, 1].map((chance) => untilNextRoundMs(status(true), { attempt: 0, chance }));
    expect(waits).toEqual([1_800, 2_200]);
  });
});

describe("untilRetryMs", () => {
  const since = "2026-11-20T08:00:00.000Z";
  const after = (ms: number) => ({ since, now: new Date(Date.parse(since) + ms), chance: 0.5 });
  const away = new KeelsonError({ code: "K2001", message: "away" });

  it("must wait as long again as the report has been failing, from 2 s to 10 min", () => {
    const waits = [0, 2_000, 60_000, 86_400_000].map((ms) => untilRetryMs(away, after(ms)));
    expect(waits).toEqual([2_000, 2_000, 60_000, 600_000]);
    const clockSetBack = untilRetryMs(away, after(-86_400_000));
    expect(clockSetBack).toBe(600_000);
  });

  it("must not ask again for what will not get better by itself", () => {
    const refused = new KeelsonError({ code: "K2013", message: "refused", outcome: stalled });
    expect([untilRetryMs(refused, after(0)), untilRetryMs(null, after(0))]).toEqual([Infinity, Infinity]);
  });
});
