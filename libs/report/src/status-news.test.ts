import type { Status } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { saysNothingNew } from "./status-news.ts";

const operation = {
  startedAt: "2026-11-20T08:00:00.000Z",
  finishedAt: "2026-11-20T08:00:10.000Z",
  planned: 3,
  done: 3,
  failed: 0,
  skipped: 0,
};
const idle: Status = {
  v: 1,
  node: { environment: "lab", name: "lab-1" },
  agent: { version: "0.1.0" },
  observedAt: "2026-11-20T08:00:10.000Z",
  source: { url: "https://git.example/lab.git", branch: "main", observed: "a", attempted: "a", applied: "a" },
  lockDigest: "l",
  desiredDigest: "d",
  appliedDigest: "d",
  conditions: [{ type: "Ready", status: "true", reason: "Applied", message: "1 instance is as desired" }],
  operation: null,
  errors: [],
  instances: [],
};
const later = "2026-11-20T08:01:10.000Z";

describe("saysNothingNew", () => {
  it("must be true when only time has passed since a round that did something", () => {
    expect(saysNothingNew({ ...idle, observedAt: later }, { ...idle, operation })).toBe(true);
  });

  it.each<[string, Partial<Status>]>([
    ["something was done", { operation: { ...operation, finishedAt: later } }],
    ["another commit was applied", { source: { ...idle.source, applied: "b" } }],
    ["a condition is another one", { conditions: [] }],
    ["the agent is another one", { agent: { version: "0.2.0" } }],
  ])("must be false when %s", (_what, change) => {
    expect(saysNothingNew({ ...idle, observedAt: later, ...change }, { ...idle, operation })).toBe(false);
  });

  it("must be false when there is no last report", () => {
    expect(saysNothingNew(idle, null)).toBe(false);
  });
});
