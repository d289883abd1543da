import { describe, expect, it } from "vitest";

import { routineMs, settleMs, spread, untilNextRoundMs } from "./pace.ts";

const middle = 0.5;

describe("the pace of rounds", () => {
  it("must back off from failure to failure, with an end", () => {
    const waits = [1, 2, 3, 4, 20, 1000].map((failures) =>
      untilNextRoundMs({ isReady: false, isStalled: false, failures }, middle),
    );
    expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 600_000, 600_000]);
  });

  it("must only have its routine when all is well, or when a human or a revision has to come", () => {
    expect(untilNextRoundMs({ isReady: true, isStalled: false, failures: 0 }, middle)).toBe(routineMs);
    expect(untilNextRoundMs({ isReady: false, isStalled: true, failures: 7 }, middle)).toBe(routineMs);
  });

  it("must let a restless container settle, longer and longer, with an end", () => {
    expect([0, 1, 2, 3, 4, 50].map(settleMs)).toEqual([0, 0, 1_000, 2_000, 4_000, 60_000]);
  });

  it("must spread by a tenth to either side", () => {
    expect([spread(1000, 0), spread(1000, 1)]).toEqual([900, 1100]);
  });
});
