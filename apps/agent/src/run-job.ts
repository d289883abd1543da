import { latestStartMs, longestLockWaitMs } from "@keelson/model";
import { type ScheduledRunEnd, readAgentConfig, runScheduled } from "@keelson/node";

import type { JobEnd } from "./job-timer.ts";
import { type Log, type LogForm, chooseLogForm } from "./log-event.ts";
import { newLog } from "./log.ts";
import { settingsOf } from "./node-settings.ts";
import { tell } from "./round-life.ts";
import { logError } from "./round-log.ts";

export interface RunJobOptions {
  config: string;
  log?: LogForm;
  /** `<project>/<service>` */
  job: string;
  /** When it is due, in milliseconds since 1970. */
  due: string;
}

/** Runs one job that is due, and tells the watcher how it ended. Returns the exit code: 0 when it is done. */
export async function runDueJob(options: RunJobOptions, signal: AbortSignal): Promise<0 | 1> {
  const { job } = options;
  const config = readAgentConfig(options.config);
  const { environment, node } = config;
  const form = chooseLogForm(options.log, process.stdout);
  const log = newLog({ form, stream: process.stdout, node: { environment, node } });
  const dueAt = new Date(Number(options.due));
  const resource = `service:${job}`;
  log({
    level: "info",
    event: "job-began",
    message: `run of ${job}, due at ${dueAt.toISOString()}`,
    resource,
  });
  try {
    const end = await runScheduled(await settingsOf(config, options.config), { job, dueAt, signal });
    logEnd(log, { job, end });
    const told = describeEnd(end, job);
    tell({ type: "job-ended", end: told });
    return told.outcome === "done" ? 0 : 1;
  } catch (error) {
    logError(log, { event: "job-failed", error });
    return 1;
  }
}

function logEnd(log: Log, { job, end }: { job: string; end: ScheduledRunEnd }): void {
  const { result, because } = end;
  const resource = `service:${job}`;
  if (result === null) {
    log({ level: "warn", event: "job-skipped", message: `${job} is not run: ${because}`, resource });
    return;
  }
  const { exitCode, said, seconds } = result;
  const ended = exitCode === null ? "did not come to its end" : `ended with exit code ${exitCode}`;
  log({
    level: exitCode === 0 ? "info" : "error",
    event: "job-ended",
    message: `run of ${job} ${ended}${said === "" ? "" : `: ${said}`}`,
    resource,
    elapsedMs: Math.round(seconds * 1_000),
    ...(exitCode === 0 ? {} : { code: "K3038" }),
  });
}

function describeEnd({ result, next }: ScheduledRunEnd, job: string): JobEnd {
  const outcome = result === null ? "skipped" : result.exitCode === 0 ? "done" : "failed";
  if (next === null) return { outcome, next };
  const dueMs = next.dueAt.getTime();
  return {
    outcome,
    next: { job, dueMs, latestMs: dueMs + latestStartMs, longestMs: longestLockWaitMs + next.timeoutMs },
  };
}
