import type { DependencyCondition } from "@keelson/model";
import type { ContainerInspectInfo } from "dockerode";
import { describe, expect, test } from "vitest";

import { judgeCondition } from "./service-condition.ts";

interface Case {
  state: string;
  health?: string;
  exitCode?: number;
  policy?: string;
  retries?: number;
  restarts?: number;
}

/** The part of an inspection that a verdict reads. */
function info({
  state,
  health,
  exitCode = 0,
  policy = "no",
  retries = 0,
  restarts = 0,
}: Case): ContainerInspectInfo {
  const Health = health === undefined ? {} : { Health: { Status: health, FailingStreak: 0, Log: [] } };
  return Object({
    State: { Status: state, ExitCode: exitCode, ...Health },
    RestartCount: restarts,
    HostConfig: { RestartPolicy: { Name: policy, MaximumRetryCount: retries } },
  });
}

const table: [DependencyCondition, Case, string][] = [
  ["service_started", { state: "running" }, "met"],
  ["service_started", { state: "created" }, "pending"],
  ["service_started", { state: "restarting", exitCode: 1 }, "pending"],
  ["service_started", { state: "paused" }, "pending"],
  ["service_started", { state: "exited" }, "failed"],
  ["service_started", { state: "exited", policy: "always" }, "pending"],
  ["service_started", { state: "exited", exitCode: 1, policy: "on-failure" }, "pending"],
  [
    "service_started",
    { state: "exited", exitCode: 1, policy: "on-failure", retries: 2, restarts: 2 },
    "failed",
  ],
  ["service_started", { state: "exited", exitCode: 0, policy: "on-failure" }, "failed"],
  ["service_started", { state: "dead" }, "failed"],
  ["service_healthy", { state: "running" }, "met"],
  ["service_healthy", { state: "running", health: "none" }, "met"],
  ["service_healthy", { state: "running", health: "starting" }, "pending"],
  ["service_healthy", { state: "running", health: "unhealthy" }, "failed"],
  ["service_healthy", { state: "running", health: "healthy" }, "met"],
  ["service_healthy", { state: "exited", health: "healthy" }, "failed"],
  ["service_healthy", { state: "restarting", health: "healthy" }, "pending"],
  ["service_completed_successfully", { state: "running" }, "pending"],
  ["service_completed_successfully", { state: "exited", exitCode: 0 }, "met"],
  ["service_completed_successfully", { state: "exited", exitCode: 3 }, "failed"],
  ["service_completed_successfully", { state: "restarting", exitCode: 3, policy: "on-failure" }, "pending"],
];

describe("a container", () => {
  test.each(table)("for %s, being %o, is %s", (condition, being, verdict) => {
    expect(judgeCondition(info(being), { condition, mayEnd: false })).toBe(verdict);
  });

  test.each(["service_started", "service_healthy"] as const)(
    "of a job meets %s also by an exit with 0, and by no other exit",
    (condition) => {
      const judge = (being: Case) => judgeCondition(info(being), { condition, mayEnd: true });
      expect(judge({ state: "exited", exitCode: 0, policy: "on-failure" })).toBe("met");
      expect(judge({ state: "running" })).toBe("met");
      expect(judge({ state: "exited", exitCode: 3 })).toBe("failed");
      expect(judge({ state: "exited", exitCode: 3, policy: "on-failure" })).toBe("pending");
    },
  );
});
