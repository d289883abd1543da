import type { Status } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { madeStatus } from "./status-fixture.ts";
import { saysNothingNew, untilPublishMs } from "./status-news.ts";

const idle = madeStatus();
const later = "2026-11-20T08:01:10.000Z";
const operation = {
  trigger: "start",
  startedAt: "2026-11-20T08:00:00.000Z",
  finishedAt: "2026-11-20T08:00:10.000Z",
  planned: 3,
  done: 3,
  failed: 0,
  skipped: 0,
  seconds: {},
};
const error = {
  code: "K3002",
  resource: "image:web:1",
  message: "no such image",
  hint: "",
  outcome: "transient" as const,
  since: later,
};

describe("saysNothingNew", () => {
  it.each<[string, Partial<Status>]>([
    ["time has passed", { observedAt: later }],
    ["its number is another one", { seq: 9 }],
  ])("must be true when only %s", (_what, change) => {
    expect(saysNothingNew({ ...idle, ...change }, idle)).toBe(true);
  });

  it("must be false when a retry is announced, and at some of those after it", () => {
    const retried = (attempt: number) => ({ ...idle, retry: { attempt, nextAt: later } });
    expect(saysNothingNew(retried(1), idle)).toBe(false);
    expect(saysNothingNew(idle, retried(1))).toBe(false);
    const attempts = Array.from({ length: 20 }, (_, index) => index + 1);
    const news = attempts.filter((attempt) => !saysNothingNew(retried(attempt + 1), retried(attempt)));
    expect(news).toEqual([1, 3, 7, 15]);
    expect(saysNothingNew({ ...retried(5), retry: { attempt: 5, nextAt: "" } }, retried(5))).toBe(true);
  });

  it("must be true when the same failure is told in other words", () => {
    const told = { ...idle, errors: [error] };
    expect(saysNothingNew({ ...idle, errors: [{ ...error, message: "none yet" }] }, told)).toBe(true);
  });

  it.each<[string, Partial<Status>]>([
    ["something was done", { operation }],
    ["another commit was applied", { source: { ...idle.source, applied: "b" } }],
    ["a condition is another one", { conditions: [] }],
    ["there is an error", { errors: [error] }],
    ["the agent is another one", { agent: { version: "0.2.0", bootId: "boot" } }],
    ["the machine was started again", { agent: { version: "0.1.0", bootId: "other" } }],
  ])("must be false when %s", (_what, change) => {
    expect(saysNothingNew({ ...idle, observedAt: later, ...change }, idle)).toBe(false);
  });

  it("must be false when there is no last report", () => {
    expect(saysNothingNew(idle, null)).toBe(false);
  });
});

describe("untilPublishMs", () => {
  const heartbeatMs = 3_600_000;
  const after = (ms: number) => new Date(Date.parse(idle.observedAt) + ms);
  const until = (status: Status, ms: number) =>
    untilPublishMs(status, { published: idle, heartbeatMs, now: after(ms) });

  it("must be at once for the first report and for a new commit", () => {
    expect(untilPublishMs(idle, { published: null, heartbeatMs, now: after(0) })).toBe(0);
    expect(until({ ...idle, source: { ...idle.source, observed: "b" } }, 1)).toBe(0);
  });

  it("must keep other news apart, so that a node that does not settle fills no repository", () => {
    const news = { ...idle, operation };
    expect(until(news, 5_000)).toBe(15_000);
    expect(until(news, 20_000)).toBe(0);
  });

  it("must wait for the heartbeat when there is nothing new, and for ever without one", () => {
    expect(until(idle, 1_000_000)).toBe(2_600_000);
    expect(until(idle, heartbeatMs)).toBe(0);
    expect(untilPublishMs(idle, { published: idle, heartbeatMs: 0, now: after(1) })).toBe(Infinity);
  });

  it("must not wait for a time that a clock set forward has promised", () => {
    expect(until(idle, -1)).toBe(0);
  });
});
