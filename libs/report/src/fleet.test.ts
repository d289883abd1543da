import type { Status } from "@keelson/model";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type MadeStatus, makeStatus } from "./fleet-fixture.ts";
import { type FleetStatus, fleetStates, summarizeFleet } from "./index.ts";

const noon = new Date("2026-11-05T12:00:00.000Z");
const hourMs = 3_600_000;
const at = (ms: number) => new Date(noon.getTime() + ms).toISOString();

/** What a node reported; in its own ref, unless it is put into another one's. */
function report(made: MadeStatus = {}, more: Partial<FleetStatus> & { as?: "notes" | "branch" } = {}) {
  const [environment = "", node = ""] = (made.place ?? "lab/n1").split("/");
  const { as = "notes", ...rest } = more;
  const ref = `refs/${as === "notes" ? "notes/keelson" : "heads/keelson/status"}/${environment}/${node}`;
  return { environment, node, ref, json: JSON.stringify(makeStatus(made)), ...rest };
}

const n1 = { environment: "lab", node: "n1" };
const look = (reports: FleetStatus[], fleet: { nodes?: (typeof n1)[] | null; now?: Date } = {}) =>
  summarizeFleet({ reports, nodes: fleet.nodes === undefined ? [n1] : fleet.nodes, now: fleet.now ?? noon });
const only = (...args: Parameters<typeof look>) => {
  const rows = look(...args);
  expect(rows).toHaveLength(1);
  return rows[0];
};

describe("what a node says of itself", () => {
  it.each<[MadeStatus, object]>([
    [{}, { state: "ready", code: "", message: "" }],
    [{ stalled: ["a"] }, { state: "stalled", code: "K2001", message: "a" }],
    [
      { transient: ["a"], stalled: ["b"] },
      { state: "stalled", message: "b" },
    ],
    [{ transient: ["a"] }, { state: "failing", code: "K2001", message: "a" }],
    [
      { transient: ["a"], isReconciling: true },
      { state: "failing", message: "a" },
    ],
    [{ isReconciling: true }, { state: "reconciling", code: "", message: "Ready is false" }],
  ])("%j is %j", (made, row) => {
    expect(only([report(made)])).toMatchObject(row);
  });

  it("is that it is suspended, whatever else it says", () => {
    const suspended = { since: at(-hourMs), by: "root", reason: "a new disk" };
    for (const made of [{}, { stalled: ["a"] }, { transient: ["a"] }, { isReconciling: true }]) {
      const json = JSON.stringify({ ...makeStatus(made), suspended });
      expect(only([report(made, { json })])).toMatchObject({
        state: "suspended",
        message: `suspended since ${at(-hourMs)} by root: a new disk`,
        since: at(-hourMs),
      });
    }
  });

  it("is neither ready nor reconciling unless it says so", () => {
    const status = { ...makeStatus(), conditions: [] };
    expect(only([report({}, { json: JSON.stringify(status) })])).toMatchObject({ state: "failing" });
  });

  it("is passed on whole, with the commit that was applied", () => {
    const status = makeStatus({ applied: "c".repeat(40) });
    expect(only([report({ applied: "c".repeat(40) })])).toMatchObject({ applied: "c".repeat(40), status });
  });
});

describe("a node that is silent", () => {
  it.each([
    ["on time", 0, "ready"],
    ["one report late", hourMs, "ready"],
    ["two reports late, within what clocks differ", 2 * hourMs + 60_000, "ready"],
    ["later than that", 2 * hourMs + 60_001, "silent"],
    ["a year late", 365 * 24 * hourMs, "silent"],
  ])("%s", (_, elapsedMs, state) => {
    const row = only([report()], { now: new Date(noon.getTime() + elapsedMs) });
    expect(row).toMatchObject({ state, ageMs: elapsedMs, clockAheadMs: 0 });
    expect(row?.silentSince).toBe(state === "silent" ? at(hourMs) : null);
  });

  it("is never one that promised nothing", () => {
    const now = new Date(noon.getTime() + 365 * 24 * hourMs);
    expect(only([report({ heartbeatSeconds: 0 })], { now })).toMatchObject({ state: "ready" });
  });

  it("stays what it last said when that was worse", () => {
    const now = new Date(noon.getTime() + 9 * hourMs);
    const row = only([report({ stalled: ["a"] })], { now });
    expect(row).toMatchObject({ state: "stalled", silentSince: at(hourMs) });
    expect(only([report({ isReconciling: true })], { now })).toMatchObject({ state: "silent" });
  });

  it("may have a clock that is a little ahead, and is not trusted with one that is far ahead", () => {
    const ahead = (ms: number, more: MadeStatus = {}) => only([report({ ...more, observedAt: at(ms) })]);
    expect(ahead(30_000)).toMatchObject({ state: "ready", ageMs: 0, clockAheadMs: 0 });
    expect(ahead(hourMs)).toMatchObject({ state: "ready", ageMs: null, clockAheadMs: hourMs });
    expect(ahead(2 * hourMs)).toMatchObject({ state: "silent", message: expect.stringContaining("clock") });
    expect(ahead(2 * hourMs, { heartbeatSeconds: 0 })).toMatchObject({ state: "ready", ageMs: null });
  });
});

describe("a report that is not believed", () => {
  it("is one of another node", () => {
    const json = JSON.stringify(makeStatus({ place: "lab/n2" }));
    const row = only([report({}, { json })]);
    expect(row).toMatchObject({ state: "forged", status: null, applied: "" });
    expect(row?.message).toContain("lab/n2");
    const other = JSON.stringify(makeStatus({ place: "clinic/n1" }));
    expect(only([report({}, { json: other })])).toMatchObject({ state: "forged", status: null });
  });

  it.each([
    ["", "holds no status"],
    ["no", "no JSON"],
    ["null", "not a status"],
    ["{}", "not a status"],
    ["[".repeat(100_000), "no JSON"],
    [JSON.stringify({ ...makeStatus(), v: 2 }), "version 2"],
    [JSON.stringify({ ...makeStatus(), conditions: {} }), "not a status"],
    [JSON.stringify(makeStatus({ heartbeatSeconds: -1 })), "every -1 s"],
    [JSON.stringify(makeStatus({ heartbeatSeconds: 31 * 24 * 3600 + 1 })), "no time to wait for"],
    [JSON.stringify(makeStatus({ observedAt: "1" })), "when it was observed"],
    [JSON.stringify(makeStatus({ observedAt: "2026-99-99T00:00:00Z" })), "when it was observed"],
  ])("is %j", (json, why) => {
    const row = only([report({}, { json })]);
    expect(row).toMatchObject({ state: "unreadable", message: expect.stringContaining(why), status: null });
  });

  it("counts before one that is, for it might be the newest", () => {
    const good = report({ seq: 9 });
    expect(only([good, report({}, { as: "branch", json: "" })])).toMatchObject({ state: "unreadable" });
    const forged = report({}, { as: "branch", json: JSON.stringify(makeStatus({ place: "lab/n2" })) });
    expect(only([good, forged])).toMatchObject({ state: "forged" });
  });
});

describe("nodes and reports", () => {
  it("takes the newest of two refs: by its time, then by its number", () => {
    const branch = (made: MadeStatus) => report({ ...made, stalled: ["new"] }, { as: "branch" });
    const observedAt = at(-2 * hourMs);
    const old = report({ seq: 3, observedAt, transient: ["old"] });
    const later = branch({ seq: 1, observedAt: at(-2 * hourMs + 1) });
    expect(only([old, later])).toMatchObject({ state: "stalled" });
    const earlier = branch({ seq: 9, observedAt: at(-2 * hourMs - 1) });
    expect(only([old, earlier])).toMatchObject({ state: "failing" });
    expect(only([old, branch({ seq: 4, observedAt })])).toMatchObject({ state: "stalled" });
  });

  it("lets no newer ref say that all is well while what the node said still holds", () => {
    const well = (made: MadeStatus = {}) => report(made, { as: "branch" });
    const own = (ms: number, more: MadeStatus = {}) =>
      report({ stalled: ["a"], observedAt: at(ms), ...more });
    const later = (ms: number) => new Date(noon.getTime() + ms);
    expect(only([own(-1), well()])).toMatchObject({ state: "stalled", message: "a" });
    // A node that began to write to another ref left that one behind for ever: its heartbeat ends it.
    const left = [own(-1), well()];
    expect(only(left, { now: later(hourMs + 60_000 - 1) })).toMatchObject({ state: "stalled" });
    expect(only(left, { now: later(hourMs + 60_000) })).toMatchObject({ state: "ready" });
    const year = 365 * 24 * hourMs;
    const now = later(year);
    expect(only([own(-1), well({ observedAt: at(year) })], { now })).toMatchObject({ state: "ready" });
    // What promises nothing holds only as the newest.
    const quiet = own(-1, { heartbeatSeconds: 0 });
    expect(only([quiet, well()])).toMatchObject({ state: "ready" });
    expect(only([quiet, well({ observedAt: at(-2) })])).toMatchObject({ state: "stalled" });
  });

  it("believes no report from the future where there is another", () => {
    const future = report({ observedAt: "2099-01-01T00:00:00Z", heartbeatSeconds: 0 }, { as: "branch" });
    const own = (ms: number) => report({ stalled: ["a"], observedAt: at(ms) });
    for (const ms of [0, -9 * hourMs, 60_000, 120_000])
      expect(only([future, own(ms)])).toMatchObject({ state: "stalled", message: "a" });
    const silent = report({ observedAt: at(-9 * hourMs) });
    expect(only([future, silent])).toMatchObject({ state: "silent" });
    // Nor does it make a ready one look bad.
    const broken = report({ observedAt: at(hourMs), stalled: ["b"] }, { as: "branch" });
    expect(only([broken, report()])).toMatchObject({ state: "ready" });
  });

  it("shows a node that never reported, and one that is not in the repository any more", () => {
    expect(only([])).toMatchObject({ state: "never-reported", status: null });
    const left = report({ place: "lab/n9" });
    expect(look([left]).map(({ node, state }) => [node, state])).toEqual([
      ["n1", "never-reported"],
      ["n9", "not-in-repository"],
    ]);
    expect(only([left], { nodes: null })).toMatchObject({ state: "ready" });
    const stalled = report({ place: "lab/n9", stalled: ["a"] });
    expect(look([stalled])[0]).toMatchObject({ node: "n9", state: "stalled" });
  });

  const places = ["lab/n1", "lab/n2", "clinic/n1", "lab/n1-b"];
  const place = fc.constantFrom(...places);
  const madeStatus = fc.record({
    place,
    seq: fc.integer({ min: 0, max: 3 }),
    observedAt: fc.integer({ min: -5, max: 5 }).map((hours) => at(hours * hourMs)),
    heartbeatSeconds: fc.constantFrom(0, 3600),
    isReconciling: fc.boolean(),
    stalled: fc.subarray(["s"]),
    transient: fc.subarray(["t"]),
  });
  const kind = fc.constantFrom("own", "own", "own", "misplaced", "empty", "broken");
  const anyReport = fc
    .tuple(place, fc.constantFrom("notes" as const, "branch" as const), madeStatus, kind)
    .map(([where, as, made, what]) => {
      const texts: Record<string, string> = {
        own: JSON.stringify(makeStatus({ ...made, place: where })),
        misplaced: JSON.stringify(makeStatus(made)),
        empty: "",
        broken: "{",
      };
      return report({ place: where }, { as, json: texts[what] ?? "" });
    });
  const input = fc.record({
    reports: fc.uniqueArray(anyReport, { selector: ({ ref }) => ref }),
    nodes: fc
      .uniqueArray(place)
      .map((list) =>
        list.map((text) => ({ environment: text.split("/")[0] ?? "", node: text.split("/")[1] ?? "" })),
      ),
  });

  it("gives the same rows for any order of the input", () => {
    fc.assert(
      fc.property(
        input.chain(({ reports, nodes }) =>
          fc.record({
            rows: fc.constant(look(reports, { nodes })),
            reports: fc.shuffledSubarray(reports, { minLength: reports.length }),
            nodes: fc.shuffledSubarray(nodes, { minLength: nodes.length }),
          }),
        ),
        ({ rows, reports, nodes }) => {
          expect(look(reports, { nodes })).toEqual(rows);
        },
      ),
    );
  });

  it("gives one row for each node that is named or has reported, the worst first", () => {
    fc.assert(
      fc.property(input, ({ reports, nodes }) => {
        const rows = look(reports, { nodes });
        const names = rows.map(({ environment, node }) => `${environment}/${node}`);
        const expected = [...nodes, ...reports].map(({ environment, node }) => `${environment}/${node}`);
        expect([...names].sort()).toEqual([...new Set(expected)].sort());
        const ranks = rows.map(({ state }) => fleetStates.indexOf(state));
        expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
      }),
    );
  });

  it("calls nobody ready who is silent, not named, or says less", () => {
    fc.assert(
      fc.property(input, ({ reports, nodes }) => {
        for (const row of look(reports, { nodes }).filter(({ state }) => state === "ready")) {
          expect(row.silentSince).toBeNull();
          expect(row.status?.errors).toEqual([]);
          expect(row.status?.node).toEqual({ environment: row.environment, name: row.node });
          expect(nodes).toContainEqual({ environment: row.environment, node: row.node });
        }
      }),
    );
  });
});

describe("what a row tells of a status", () => {
  const now = new Date("2026-11-05T12:10:00Z");
  const rowOf = (status: Status) =>
    summarizeFleet({
      reports: [{ environment: "lab", node: "n1", ref: "r", json: JSON.stringify(status) }],
      nodes: null,
      now,
    })[0];

  it("the releases with their versions, each once, and nothing where a status does not say it", () => {
    const instance = {
      name: "core",
      package: "pryv/core",
      version: "1.0.0",
      state: "running" as const,
      sync: "in-sync" as const,
      health: "healthy" as const,
      services: [],
    };
    const of = (release: string, releaseVersion: string) => ({
      ...instance,
      package: `${release}/core`,
      releaseVersion,
    });
    const instances = [of("pryv", "1.9.2"), of("base", "2.0.0"), of("pryv", "1.9.2"), instance];
    expect(rowOf({ ...makeStatus(), instances })?.releases).toEqual(["base 2.0.0", "pryv 1.9.2"]);
    expect(rowOf(makeStatus())?.releases).toEqual([]);
  });

  it("since when it is in its state, and of its errors the worst", () => {
    expect(rowOf(makeStatus({ observedAt: "2026-11-05T12:00:00.000Z" }))).toMatchObject({
      state: "ready",
      since: "2026-11-05T12:00:00.000Z",
    });
    const status = makeStatus({ transient: ["the cause"] });
    const [cause] = status.errors;
    const errors =
      cause === undefined ? [] : [{ ...cause, outcome: "waiting" as const, message: "waits" }, cause];
    expect(rowOf({ ...status, errors })).toMatchObject({ state: "failing", message: "the cause" });
    expect(rowOf(makeStatus({ observedAt: "2026-11-05T06:00:00.000Z" }))).toMatchObject({
      state: "silent",
      since: "2026-11-05T07:00:00.000Z",
    });
  });
});
