import { expect, it } from "vitest";

import { formatMetrics } from "./metrics.ts";
import { newRoundSummary } from "./test-round-summary.ts";
import { addRound, newTally, stuckMs } from "./watch-tally.ts";

it("a tally must be told in Prometheus' text format, and only what is known", () => {
  const tally = newTally();
  expect(formatMetrics(tally, 1)).not.toContain("last_");
  tally.setting = newRoundSummary();
  addRound(tally, { summary: newRoundSummary(), loss: null });
  addRound(tally, { summary: newRoundSummary({ isReady: false, isStalled: true }), loss: null });
  addRound(tally, { summary: null, loss: { code: "K9047", message: "the round was ended by SIGKILL" } });
  tally.pollFailures.git = 2;
  tally.jobs.done = 5;
  tally.polls = { count: 3, durationMs: 30 };
  tally.lastReadyAtMs = 1_800_000_000_500;
  const samples = formatMetrics(tally, 4096)
    .split("\n")
    .filter((line) => !line.startsWith("#"));
  expect(samples).toEqual([
    'keelson_agent_rounds_total{result="ready"} 1',
    'keelson_agent_rounds_total{result="not-ready"} 0',
    'keelson_agent_rounds_total{result="stalled"} 1',
    'keelson_agent_rounds_total{result="lost"} 1',
    'keelson_agent_operations_total{result="done"} 4',
    'keelson_agent_operations_total{result="failed"} 2',
    "keelson_agent_polls_total 3",
    "keelson_agent_poll_seconds_total 0.03",
    'keelson_agent_poll_failures_total{target="git"} 2',
    'keelson_agent_poll_failures_total{target="engine"} 0',
    'keelson_agent_notifications_total{result="told"} 0',
    'keelson_agent_notifications_total{result="failed"} 0',
    'keelson_agent_scheduled_runs_total{result="done"} 5',
    'keelson_agent_scheduled_runs_total{result="failed"} 0',
    'keelson_agent_scheduled_runs_total{result="skipped"} 0',
    'keelson_agent_scheduled_runs_total{result="lost"} 0',
    "keelson_agent_last_round_duration_seconds 0",
    "keelson_agent_last_ready_timestamp_seconds 1800000000.5",
    "keelson_agent_ready 0",
    "keelson_agent_stalled 0",
    "keelson_agent_suspended 0",
    'keelson_agent_build_info{version="1.2.3",environment="lab",node="lab-1"} 1',
    "process_resident_memory_bytes 4096",
    "",
  ]);
});

it("a loop must count as stuck when it has not turned for longer than its waits can take", () => {
  const tally = newTally();
  const hourMs = 3_600_000;
  expect(stuckMs(tally, tally.turnedMs + hourMs)).toBe(0);
  tally.setting = newRoundSummary();
  expect(stuckMs(tally, tally.turnedMs + 180_000)).toBe(0);
  expect(stuckMs(tally, tally.turnedMs + hourMs)).toBe(hourMs);
});
