import type { RoundSummary } from "./round-summary.ts";

/** The summary of a round that went well, but for these fields. */
export function newRoundSummary(fields: Partial<RoundSummary> = {}): RoundSummary {
  return {
    isReady: true,
    retries: 0,
    isStalled: false,
    isSuspended: false,
    reason: "Applied",
    message: "1 instance is as desired",
    operationCount: 3,
    failedCount: 1,
    durationMs: 1_500,
    commit: "c".repeat(40),
    isEngineAway: false,
    containers: {},
    awaits: [],
    jobs: [],
    nextRound: { afterMs: 60_000, trigger: "routine" },
    target: {
      git: {
        url: "http://git.example/platform.git",
        branch: "main",
        timeoutMs: 60_000,
        credential: null,
      },
      environment: "lab",
      node: "lab-1",
      dockerHost: undefined,
      intervalMs: 60_000,
    },
    stateDir: "/var/lib/keelson",
    files: [],
    monitor: null,
    notify: null,
    version: "1.2.3",
    ...fields,
  };
}
