import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { JobEnd, JobTimer } from "./job-timer.ts";
import { openJobWatch } from "./job-watch.ts";

const minuteMs = 60_000;
const timer = (job: string, dueMs: number): JobTimer => ({
  job,
  dueMs,
  latestMs: dueMs + 5 * minuteMs,
  longestMs: minuteMs,
});

/** A watch whose runs end when the test says so. */
function rig() {
  const log: string[] = [];
  const ends = new Map<string, (end: JobEnd) => void>();
  const watch = openJobWatch({
    run: async ({ job, dueMs }) => {
      log.push(`run ${job} ${dueMs / minuteMs}`);
      return new Promise((resolve) => ends.set(job, resolve));
    },
    onEnd: ({ job }, { outcome }) => log.push(`${outcome} ${job}`),
    onMissed: ({ job, dueMs }) => log.push(`missed ${job} ${dueMs / minuteMs}`),
  });
  const end = async (job: string, next: JobTimer | null) => {
    ends.get(job)?.({ outcome: "done", next });
    await vi.advanceTimersByTimeAsync(0);
  };
  return { log, watch, end };
}

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

it("must run a job once at its time, and again at the time that its end tells", async () => {
  const { log, watch, end } = rig();
  watch.keep([timer("a", 1 * minuteMs)]);
  await vi.advanceTimersByTimeAsync(minuteMs - 1);
  expect(log).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  // A round that was at work meanwhile still names this time.
  watch.keep([timer("a", 1 * minuteMs)]);
  await end("a", timer("a", 2 * minuteMs));
  watch.keep([timer("a", 1 * minuteMs)]);
  await vi.advanceTimersByTimeAsync(minuteMs);
  expect(log).toEqual(["run a 1", "done a", "run a 2"]);
});

it("must start what has become due while a round was about to tell the next time", async () => {
  const { log, watch } = rig();
  watch.keep([timer("a", 1 * minuteMs)]);
  vi.setSystemTime(minuteMs);
  watch.keep([timer("a", 2 * minuteMs)]);
  expect(log).toEqual(["run a 1"]);
});

it("must go on with what it knows after a round that could not tell", async () => {
  const { log, watch } = rig();
  watch.keep([timer("a", 1 * minuteMs)]);
  watch.keep(null);
  await vi.advanceTimersByTimeAsync(minuteMs);
  expect(log).toEqual(["run a 1"]);
});

it("must leave out times during a run, and forget a job that is gone", async () => {
  const { log, watch, end } = rig();
  watch.keep([timer("a", 1 * minuteMs), timer("b", 3 * minuteMs)]);
  await vi.advanceTimersByTimeAsync(minuteMs);
  watch.keep([timer("a", 2 * minuteMs)]);
  await vi.advanceTimersByTimeAsync(4 * minuteMs);
  await end("a", null);
  await vi.advanceTimersByTimeAsync(minuteMs);
  expect(log).toEqual(["run a 1", "done a"]);
});

it("must not begin what is long due: the machine has slept", async () => {
  const { log, watch } = rig();
  watch.keep([timer("a", 1 * minuteMs)]);
  vi.setSystemTime(30 * minuteMs);
  await vi.advanceTimersByTimeAsync(minuteMs);
  expect(log).toEqual(["missed a 1"]);
});

it("must run four at a time, and wait for them at its close without starting another", async () => {
  const { log, watch, end } = rig();
  const jobs = ["a", "b", "c", "d", "e", "f"];
  watch.keep(jobs.map((job) => timer(job, minuteMs)));
  await vi.advanceTimersByTimeAsync(minuteMs);
  expect(log).toEqual(["run a 1", "run b 1", "run c 1", "run d 1"]);
  await end("a", null);
  expect(log.slice(4).toSorted()).toEqual(["done a", "run e 1"]);
  let isClosed = false;
  const closed = watch.close().then(() => {
    isClosed = true;
  });
  for (const job of ["b", "c", "d"]) await end(job, null);
  expect(isClosed).toBe(false);
  await end("e", null);
  await closed;
  expect(log).not.toContain("run f 1");
});

it("must not begin what is long due once others leave it a place", async () => {
  const { log, watch, end } = rig();
  watch.keep(["a", "b", "c", "d", "e"].map((job) => timer(job, minuteMs)));
  await vi.advanceTimersByTimeAsync(11 * minuteMs);
  await end("a", null);
  expect(log.slice(4).toSorted()).toEqual(["done a", "missed e 1", "skipped e"]);
  watch.keep([timer("e", 20 * minuteMs)]);
  await vi.advanceTimersByTimeAsync(9 * minuteMs);
  expect(log.at(-1)).toBe("run e 20");
});
