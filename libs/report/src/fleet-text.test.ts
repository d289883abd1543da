import { describe, expect, it } from "vitest";

import { type MadeStatus, makeStatus } from "./fleet-fixture.ts";
import {
  type FleetRow,
  describeFleetChanges,
  formatFleetReason,
  formatFleetSummary,
  formatNextTry,
  formatStatusAge,
  summarizeFleet,
} from "./index.ts";

const noon = Date.parse("2026-11-05T12:00:00.000Z");

/** Rows of what nodes reported at noon, as somebody sees them so much later; `null` never reported. */
function rowsOf(fleet: Record<string, MadeStatus | null>, laterMs = 0): FleetRow[] {
  const nodes = Object.keys(fleet).map((place) => {
    const [environment = "", node = ""] = place.split("/");
    return { environment, node };
  });
  const reports = nodes.flatMap((node) => {
    const place = `${node.environment}/${node.node}`;
    const made = fleet[place];
    if (made === null) return [];
    return [
      { ...node, ref: `refs/notes/keelson/${place}`, json: JSON.stringify(makeStatus({ ...made, place })) },
    ];
  });
  return summarizeFleet({ reports, nodes, now: new Date(noon + laterMs) });
}

describe("the summary", () => {
  it.each<[Record<string, MadeStatus | null>, string]>([
    [{}, "0 nodes"],
    [{ "lab/n1": {} }, "1 node: 1 ready"],
    [
      {
        "lab/n1": {},
        "lab/n2": { transient: ["a"] },
        "lab/n3": null,
        "lab/n4": {},
        "lab/n5": { stalled: ["b"] },
      },
      "5 nodes: 2 ready, 1 stalled, 1 failing, 1 never reported",
    ],
  ])("of %j is %s", (fleet, text) => {
    expect(formatFleetSummary(rowsOf(fleet))).toBe(text);
  });
});

describe("the next try", () => {
  it.each([
    ["2026-11-05T12:00:42.500Z", "next try in 42 s"],
    ["2026-11-05T12:09:59.000Z", "next try in 9 min"],
    ["2026-11-05T12:00:00.000Z", "next try in 0 s"],
    ["2026-11-05T11:59:59.999Z", ""],
    ["\u001b[2Jsoon", ""],
  ])("at %s is %j", (nextAt, text) => {
    const status = makeStatus({ transient: ["away"], retry: { attempt: 2, nextAt } });
    expect(formatNextTry(status, new Date(noon))).toBe(text);
  });

  it("is nothing where nothing is tried again", () => {
    expect(formatNextTry(makeStatus(), new Date(noon))).toBe("");
  });
});

describe("the age of a report", () => {
  it.each([
    [0, "0 s ago"],
    [59_999, "59 s ago"],
    [3 * 60_000, "3 min ago"],
    [2 * 3_600_000, "2 h ago"],
    [47 * 3_600_000, "1 d ago"],
    [-600_000, "clock 10 min ahead"],
  ])("after %i ms is %s", (laterMs, text) => {
    expect(rowsOf({ "lab/n1": {} }, laterMs).map(formatStatusAge)).toEqual([text]);
  });

  it("is empty for a node that never reported", () => {
    expect(rowsOf({ "lab/n1": null }).map(formatStatusAge)).toEqual([""]);
  });
});

it("shows hostile text as what it is, on one line", () => {
  const [row] = rowsOf({ "lab/n1": { transient: ["\u001b[2Jall is\nready \u202e"] } });
  expect(row && formatFleetReason(row)).toBe("K2001 \\u{1b}[2Jall is\\nready \\u{202e}");
});

it.each([
  [16, "K2001 it is full"],
  [15, "K2001 it is fu…"],
  [6, "K2001…"],
])("cuts a reason to %i columns", (columns, text) => {
  const [row] = rowsOf({ "lab/n1": { transient: ["it is full"] } });
  expect(row && formatFleetReason(row, { columns })).toBe(text);
});

it("cuts by what a character takes on a terminal, and what nobody would read", () => {
  const [row] = rowsOf({ "lab/n1": { transient: ["漢".repeat(100_000)] } });
  expect(row && formatFleetReason(row, { columns: 10 })).toBe("K2001 漢…");
  expect(row && formatFleetReason(row)).toHaveLength(253);
});

describe("changes", () => {
  const before = rowsOf({ "lab/n1": {}, "lab/n2": {}, "lab/n3": {}, "lab/n4": { transient: ["a"] } });

  it("are none when only time has passed", () => {
    const after = rowsOf(
      { "lab/n1": {}, "lab/n2": {}, "lab/n3": {}, "lab/n4": { transient: ["a"] } },
      60_000,
    );
    expect(describeFleetChanges(before, after)).toEqual([]);
  });

  it("are a line for each node that is new, gone, in another state, at another commit or has another error", () => {
    const after = rowsOf({
      "lab/n0": null,
      "lab/n1": { stalled: ["no\nway"] },
      "lab/n2": { applied: "b".repeat(40) },
      "lab/n4": { transient: ["c"] },
    });
    expect(describeFleetChanges(before, after)).toEqual([
      "lab/n1  ready → stalled  aaaaaaaa  K2001 no\\nway",
      "lab/n4  failing  aaaaaaaa  K2001 c",
      "lab/n0  never reported  no report is in its ref",
      "lab/n2  ready  bbbbbbbb",
      "lab/n3  gone",
    ]);
  });
});
