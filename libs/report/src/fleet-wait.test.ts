import { describe, expect, it } from "vitest";

import { makeStatus } from "./fleet-fixture.ts";
import { type CommitFacts, describeWaitEnd, judgeWait } from "./fleet-wait.ts";
import { type FleetRow, summarizeFleet } from "./fleet.ts";

const now = new Date("2026-11-05T12:00:00.000Z");
const rowOf = (made: Parameters<typeof makeStatus>[0]): FleetRow => {
  const json = JSON.stringify(makeStatus(made));
  const [row] = summarizeFleet({
    reports: [{ environment: "lab", node: "n1", ref: "r", json }],
    nodes: null,
    now,
  });
  if (row === undefined) throw new Error("no row");
  return row;
};

describe("a node that is waited for", () => {
  it.each<[Parameters<typeof makeStatus>[0], CommitFacts, string]>([
    [{}, { hasApplied: true, hasSeen: true }, "applied"],
    [{}, { hasApplied: false, hasSeen: false }, "waiting"],
    [{}, { hasApplied: null, hasSeen: null }, "waiting"],
    [{ stalled: ["old"] }, { hasApplied: false, hasSeen: false }, "waiting"],
    [{ stalled: ["old"] }, { hasApplied: false, hasSeen: null }, "waiting"],
    [{ stalled: ["bad"] }, { hasApplied: false, hasSeen: true }, "failed"],
    [{ stalled: ["later"] }, { hasApplied: true, hasSeen: true }, "applied"],
    [{ transient: ["away"] }, { hasApplied: false, hasSeen: true }, "waiting"],
  ])("being %o, with %o, is %s", (made, facts, expected) => {
    expect(judgeWait(rowOf(made), facts)).toBe(expected);
  });

  it("must be named at the end, with its state and its worst error", () => {
    const end = { commit: "0123456789abcdef", timeoutMs: 600_000 };
    const facts = { hasApplied: false, hasSeen: true };
    const row = { ...rowOf({ stalled: ["bad\nimage"] }), ...facts };
    const failed = describeWaitEnd({ ...end, rows: [{ ...row, wait: "failed" }] });
    expect([failed.code, failed.message]).toEqual([
      "K9076",
      String.raw`lab/n1 (stalled: K2001 bad\nimage) cannot apply 01234567`,
    ]);
    const waiting = { ...rowOf({}), ...facts, wait: "waiting" as const };
    const late = describeWaitEnd({ ...end, rows: Array.from({ length: 7 }, () => waiting) });
    expect(late.code).toBe("K9075");
    expect(late.message).toMatch(/^lab\/n1 \(ready\), .* and 2 more have not applied 01234567 within 600 s$/);
    expect(late.hint).not.toContain("unshallow");
    const untold = describeWaitEnd({ ...end, rows: [{ ...waiting, hasApplied: null }] });
    expect(untold.hint).toContain("unshallow");
  });
});
