import { spawn } from "node:child_process";

import type { JobEnd, JobTimer } from "./job-timer.ts";
import type { LogForm } from "./log-event.ts";
import type { RoundMessage } from "./round-summary.ts";

export interface JobInput {
  /** Path of `keelson-agent`. */
  program: string;
  config: string;
  logForm: LogForm;
  timer: JobTimer;
}

/** From SIGTERM to SIGKILL; below the limit of the systemd unit (docs/operations.md). */
const stopMs = 240_000;
/** From SIGKILL to the end of the process. */
const exitMs = 5_000;
/** The process itself ends a run that takes too long, or that waits for too long for a round; it is killed when it does not. */
const graceMs = 15 * 60_000;

/** Runs a job as a process of its own. Always comes: the limits see to it. On abort the run is stopped. */
export async function runJobProcess(input: JobInput, signal: AbortSignal): Promise<JobEnd> {
  const { program, config, logForm, timer } = input;
  const options = { config, log: logForm, job: timer.job, due: String(timer.dueMs) };
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(process.execPath, [program, "run-job", ...args], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const timers: NodeJS.Timeout[] = [];
  const over = Promise.withResolvers<void>();
  const killAfter = (ms: number) => {
    const kill = () => {
      child.kill("SIGKILL");
      timers.push(setTimeout(over.resolve, exitMs));
    };
    timers.push(setTimeout(kill, ms));
  };
  const stop = () => {
    child.kill("SIGTERM");
    killAfter(stopMs);
  };
  let end: JobEnd = { outcome: "lost", next: null };
  child.on("message", (message: RoundMessage) => {
    if (message.type === "job-ended") ({ end } = message);
  });
  // The system may have no memory or no process to give.
  child.on("error", over.resolve);
  child.once("close", () => over.resolve());
  killAfter(timer.longestMs + graceMs);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await over.promise;
    return end;
  } finally {
    signal.removeEventListener("abort", stop);
    for (const each of timers) clearTimeout(each);
    child.unref();
    if (child.connected) child.disconnect();
  }
}
