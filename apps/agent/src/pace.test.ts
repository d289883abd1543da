import { describe, expect, it } from "vitest";

import { settleMs, spread } from "./pace.ts";

describe("the pace of rounds", () => {
  it("must let a restless container settle, longer and longer, with an end", () => {
    expect([0, 1, 2, 3, 4, 50].map(settleMs)).toEqual([0, 0, 1_000, 2_000, 4_000, 60_000]);
  });

  it("must spread by a tenth to either side", () => {
    expect([spread(1000, 0), spread(1000, 1)]).toEqual([900, 1100]);
  });
});
