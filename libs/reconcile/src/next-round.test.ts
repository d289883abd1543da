import { KeelsonError, type Operation, stalled } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { isNewWork, untilNextRoundMs, untilRetryMs } from "./next-round.ts";

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

const old = { hasNewWork: false };

describe("untilNextRoundMs", () => {
  it("must back off from 2 s to 10 min while something is tried again", () => {
    const waits = [0, 1, 2, 5, 30].map((attempt) =>
      untilNextRoundMs(status(true), { ...old, attempt, chance: 0.5 }),
    );
    expect(waits).toEqual([2_000, 4_000, 8_000, 64_000, 600_000]);
  });

  it("must go on at once with what came up meanwhile, and back off where that does not end", () => {
    const waits = [0, 2, 3, 4].map((attempt) =>
      untilNextRoundMs(status(true), { attempt, chance: 0.5, hasNewWork: true }),
    );
    expect(waits).toEqual([0, 0, 2_000, 4_000]);
  });

  it("must look again after 10 min at what is done or waits for a human", () => {
    expect(untilNextRoundMs(status(false), { ...old, attempt: 9, chance: 0.5 })).toBe(600_000);
  });

  it("must spread nodes apart by a tenth either way", () => {
    const waits = [0, 1].map((chance) => untilNextRoundMs(status(true), { ...old, attempt: 0, chance }));
    expect(waits).toEqual([1_800, 2_200]);
  });
});

describe("isNewWork", () => {
  const pull = (image: string): Operation => ({
    kind: "pull-image",
    id: image,
    after: [],
    image,
    resource: `image:${image}`,
    causes: [],
    class: "live",
  });
  const left = (...operations: Operation[]) => ({ operations });
  const done = { operation: pull("a"), outcome: "done" as const };

  it("must be what is left elsewhere after all went well", () => {
    expect(isNewWork([done], left(pull("b")))).toBe(true);
  });

  it.each([
    ["nothing is left", [done], left()],
    ["what is left is not known", [done], null],
    ["what is left was worked on", [done], left(pull("b"), pull("a"))],
    ["something failed", [done, { ...done, outcome: "failed" as const }], left(pull("b"))],
  ])("must not be where %s", (_what, results, remaining) => {
    expect(isNewWork(results, remaining)).toBe(false);
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
