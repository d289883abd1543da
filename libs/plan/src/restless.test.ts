import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { applied, changed, containerOf } from "./node-fixture.ts";
import { planText } from "./plan-fixture.ts";
import { findRestless } from "./restless.ts";

const service = "lab-core/web";
const settled = applied(
  node({ core: { services: { web: {}, api: { dependsOn: ["web"] }, other: { job: true } } } }),
);
const at = (seconds: number) => new Date(Date.parse("2026-11-20T08:00:00Z") + seconds * 1000);

/** The node after starts of `web` at these seconds, with what is seen of it. */
function started(
  seconds: readonly number[],
  being: Partial<ReturnType<typeof containerOf>> = { state: "exited" },
) {
  return changed(settled, (copy) => {
    copy.record.starts = { [service]: seconds.map((each) => at(each).toISOString()) };
    Object.assign(containerOf(copy, service), being);
  });
}

const findAt = (seconds: number, state: typeof settled) => findRestless(state, at(seconds));
const restAt = (seconds: number, state: typeof settled) =>
  findAt(seconds, state).map(({ restsUntil }) =>
    restsUntil === null ? "may start" : (restsUntil.getTime() - at(0).getTime()) / 1000,
  );

describe("a service that was started again and again", () => {
  test("is one after more than five starts in a row", () => {
    expect(findAt(40, started([0, 0, 0, 10, 20]))).toEqual([]);
    expect(findAt(30, started([0, 0, 0, 10, 20, 30], { state: "exited", exitCode: 3 }))).toMatchObject([
      { project: "lab-core", service: "web", exitCode: 3 },
    ]);
  });

  test("rests for longer and longer since its last start, and never for more than ten minutes", () => {
    expect(restAt(31, started([0, 0, 0, 10, 20, 30]))).toEqual([32]);
    expect(restAt(32, started([0, 0, 0, 10, 20, 30]))).toEqual(["may start"]);
    expect(restAt(41, started([0, 0, 0, 10, 20, 30, 40]))).toEqual([44]);
    const many = Array.from({ length: 42 }, (_, index) => (index - 2) * 600);
    expect(restAt(39 * 600, started(many))).toEqual([40 * 600]);
  });

  test("is told while it runs, until it has run for a minute and for longer than its last rest", () => {
    const running = started([0, 0, 0, 10, 20, 30], { state: "running" });
    expect(findAt(89, running)).toMatchObject([{ exitCode: null, restsUntil: null, settlesInMs: 1_000 }]);
    expect(findAt(90, running)).toEqual([]);
    const longer = started([0, 0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90], { state: "running" });
    expect(findAt(90 + 127, longer)).toHaveLength(1);
    expect(findAt(90 + 128, longer)).toEqual([]);
  });

  test("begins anew when it has run for half an hour", () => {
    expect(findAt(1_860, started([0, 0, 0, 10, 20, 1_850]))).toEqual([]);
    expect(findAt(1_830, started([0, 0, 0, 10, 20, 30]))).toEqual([]);
    expect(findAt(1_829, started([0, 0, 0, 10, 20, 30]))).toHaveLength(1);
  });

  test("is none when its job is done, or nobody wants it to run", () => {
    const job = changed(started([0, 0, 0, 10, 20, 30]), (copy) => {
      copy.record.starts = { "lab-core/other": copy.record.starts[service] ?? [] };
      containerOf(copy, "lab-core/other").state = "exited";
    });
    expect(findAt(31, job)).toEqual([]);
    const stopped = changed(started([0, 0, 0, 10, 20, 30]), (copy) => {
      for (const instance of copy.desired.instances) instance.state = "installed";
    });
    expect(findAt(31, stopped)).toEqual([]);
  });

  test("rests no longer than it should when the clock was set back", () => {
    expect(restAt(0, started([1_000, 1_000, 1_000, 1_010, 1_020, 1_030]))).toEqual([2]);
  });
});

describe("a service that has crashed twice", () => {
  const minute = 60;
  /** The node after crashes of `web` at these seconds, and its start at a later one. */
  const crashed = (
    seconds: readonly number[],
    { startedAt, ...being }: { startedAt: number; state?: "running" | "exited" | "paused" },
  ) =>
    changed(settled, (copy) => {
      const container = containerOf(copy, service);
      Object.assign(container, { state: "running", ...being, startedAt: at(startedAt).toISOString() });
      copy.record.crashes = {
        [container.id]: seconds.map((each) => ({ at: at(each).toISOString(), exitCode: 1 })),
      };
    });
  const settlesAt = (seconds: number, state: typeof settled) =>
    findAt(seconds, state).map(({ settlesInMs }) => (settlesInMs ?? NaN) / 1000);

  test("is told until it has run for ten times as long as it lived, from 10 s to 5 minutes", () => {
    const often = crashed([0, 30], { startedAt: 31 });
    expect(findAt(32, often)).toMatchObject([{ service: "web", exitCode: null, restsUntil: null }]);
    expect(settlesAt(32, often)).toEqual([299]);
    expect(settlesAt(31 + 299, often)).toEqual([1]);
    expect(findAt(31 + 300, often)).toEqual([]);
    expect(settlesAt(6, crashed([0, 5], { startedAt: 6 }))).toEqual([50]);
    expect(settlesAt(1, crashed([0, 0.1], { startedAt: 1 }))).toEqual([10]);
  });

  test("is told while it is down, and starts again at once", () => {
    const down = crashed([0, 30], { startedAt: 1, state: "exited" });
    expect(findAt(31, down)).toMatchObject([{ settlesInMs: null, restsUntil: null }]);
    expect(planText({ ...down, policy: { resting: findAt(31, down) } })).toContain("start-service");
  });

  test("is none after one crash, or when it lived for more than 5 minutes", () => {
    expect(findAt(32, crashed([30], { startedAt: 31 }))).toEqual([]);
    expect(findAt(6 * minute + 2, crashed([0, 6 * minute], { startedAt: 6 * minute + 1 }))).toEqual([]);
    expect(findAt(5 * minute + 2, crashed([0, 5 * minute], { startedAt: 5 * minute + 1 }))).toHaveLength(1);
  });

  test("is none when somebody stops or starts it long after it had settled", () => {
    const hour = 60 * minute;
    expect(findAt(hour + 1, crashed([0, 30], { startedAt: hour }))).toEqual([]);
    expect(findAt(hour, crashed([0, 30], { startedAt: 31, state: "exited" }))).toEqual([]);
    expect(findAt(hour, crashed([0, 30], { startedAt: 31, state: "paused" }))).toEqual([]);
  });

  test("has settled when the clock was set back", () => {
    expect(findAt(-60 * minute, crashed([0, 30], { startedAt: 31 }))).toEqual([]);
  });
});

describe("a plan", () => {
  const text = (seconds: number, state: typeof settled) =>
    planText({ ...state, policy: { resting: findAt(seconds, state) } });

  test("starts nothing that rests, and starts it when its time has come", () => {
    const state = started([0, 0, 0, 10, 20, 30]);
    expect(text(31, state)).toMatchInlineSnapshot(`
      "! service:lab-core/web [K3037] lab-core/web ends again and again, last with exit code 0
      "
    `);
    expect(text(32, state)).toMatchInlineSnapshot(`
      "#1 start-service service:lab-core/web [live]: is not running (exit code 0)
      #2 await-service service:lab-core/web [live] after #1: until it runs
      "
    `);
  });

  test("makes it anew at once when another commit wants it otherwise", () => {
    const state = started([0, 0, 0, 10, 20, 30]);
    const desired = node({
      core: { services: { web: { environment: "mended" }, api: {}, other: { job: true } } },
    });
    expect(planText({ ...state, desired, policy: { resting: findAt(31, state) } })).toContain(
      "create-containers service:lab-core/web",
    );
  });
});
