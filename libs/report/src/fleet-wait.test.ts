import { describe, expect, it } from "vitest";

import { makeStatus } from "./fleet-fixture.ts";
import { type CommitFacts, describeLaterCommits, describeWaitEnd, judgeWait } from "./fleet-wait.ts";
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
    // A volume that is gone waits for a person, a port that is taken for a time.
    [{ blocked: ["K3032"] }, { hasApplied: false, hasSeen: true }, "failed"],
    [{ blocked: ["K3004"] }, { hasApplied: false, hasSeen: true }, "waiting"],
    [{ blocked: ["K3032"] }, { hasApplied: false, hasSeen: false }, "waiting"],
    // A round that has begun with the commit still tells what was wrong before it.
    [{ blocked: ["K3033"], isAtWork: true }, { hasApplied: false, hasSeen: true }, "waiting"],
    [{ stalled: ["bad"], isAtWork: true }, { hasApplied: false, hasSeen: true }, "waiting"],
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
    const suspended = { ...waiting, state: "suspended" as const };
    const hintOf = (...rows: (typeof waiting)[]) => describeWaitEnd({ ...end, rows }).hint;
    expect(hintOf(waiting)).toBe("They go on; --timeout waits longer.");
    expect(hintOf(suspended)).toMatch(/^Nothing is changed there: .*keelson-agent resume/);
    expect(hintOf(waiting, suspended)).toMatch(/^They go on, .*keelson-agent resume/);
    const untold = describeWaitEnd({ ...end, rows: [{ ...waiting, hasApplied: null }] });
    expect(untold.hint).toContain("unshallow");
  });

  it("must be named with the commit that it applied in place of the one that was waited for", () => {
    const [commit, later] = ["0123456789abcdef", "b".repeat(40)];
    const row = (node: string, applied: string, revertedBy = "") =>
      ({ ...rowOf({ applied }), node, wait: "applied", revertedBy }) as const;
    expect(describeLaterCommits(commit, [row("n1", commit)])).toEqual([]);
    expect(describeLaterCommits(commit, [row("n1", later), row("n2", commit), row("n3", later)])).toEqual([
      "lab/n1, lab/n3 applied bbbbbbbb, which follows on 01234567",
    ]);
    expect(describeLaterCommits(commit, [row("n1", later, "c".repeat(40))])).toEqual([
      "lab/n1 applied bbbbbbbb, which follows on 01234567; cccccccc reverted it",
    ]);
    const waiting = { ...row("n1", later), wait: "waiting" } as const;
    expect(describeLaterCommits(commit, [waiting])).toEqual([]);
  });
});
