import { existsSync } from "node:fs";

import {
  type Engine,
  type JobOutput,
  connectEngine,
  findRuns,
  keepJobOutput,
  newRunName,
  runJob,
} from "@keelson/engine";
import {
  type JobResult,
  KeelsonError,
  type NodeSecrets,
  type ScheduledJob,
  formatError,
  longestLockWaitMs,
  projectOfJob,
} from "@keelson/model";
import { openTimetable } from "@keelson/reconcile";
import { type NodeRecord, openRecord } from "@keelson/record";

import { takeJobLock, takeLock } from "./job-lock.ts";
import { noKey } from "./node-engine.ts";
import { openNodeSecrets } from "./node-secrets.ts";
import { lockPath, recordPath } from "./node-settings.ts";
import { type RunSettings, requireService } from "./run-service.ts";
import { readSuspension } from "./suspension.ts";
import { requireTrustedFolders } from "./trusted-files.ts";

export interface ScheduledRun {
  /** `<project>/<service>` */
  job: string;
  dueAt: Date;
  /** Stops the container; the run has failed then. */
  signal: AbortSignal;
}

export interface ScheduledRunEnd {
  /** Null when the time was skipped. */
  result: JobResult | null;
  /** Why it was skipped; empty when it was not. */
  because: string;
  /** When the job is due again, and how long that run may take; null when the next round says it. */
  next: { dueAt: Date; timeoutMs: number } | null;
}

/**
 * Runs a job that is due, as it stands on this node, and notes in the record how it ended. It begins between the operations of
 * rounds. Its time is skipped while another run of it is at work or the node is suspended, when the job is not the node's any
 * more, or when a round keeps the node's lock for too long. Throws what the record, the key, the engine and the locks throw.
 */
export async function runScheduled(
  settings: RunSettings,
  { job: name, dueAt, signal }: ScheduledRun,
): Promise<ScheduledRunEnd> {
  requireTrustedFolders(settings);
  if (!existsSync(settings.keyFile)) throw noKey(settings.keyFile);
  using jobLock = await takeJobLock(settings, name);
  // The run that has it accounts for this time.
  if (jobLock === null) return skipped("the run before is still at work");
  using record = openRecord({ path: recordPath(settings) });
  const missed = (because: string) => {
    record.addMissedRuns(name, { count: 1, accountedAt: dueAt.toISOString() });
    return skipped(because);
  };
  using nodeLock = await takeLock({ path: lockPath(settings), waitMs: longestLockWaitMs, signal });
  // It is due again when the agent comes back in time.
  if (signal.aborted) return skipped("the agent has been stopped");
  if (nodeLock === null)
    return missed(`rounds kept the lock of the node for ${longestLockWaitMs / 60_000} minutes`);
  // Only now: what a round did meanwhile, and who suspended the node meanwhile, counts.
  const job = record.readScheduledJobs().find((each) => each.name === name);
  if (job === undefined) return skipped("the node does not run it any more");
  if ((await readSuspension(settings.stateDir)) !== null) return missed("a person has suspended the node");
  const secrets = await openNodeSecrets(settings);
  const { dockerHost } = settings;
  const engine = connectEngine(dockerHost === undefined ? {} : { dockerHost });
  const project = projectOfJob(job);
  const [other] = await findRuns(engine, { project, service: job.service, signal });
  if (other !== undefined) return missed(`${other} is still at work`);
  const due: DueJob = { job, dueAt, signal, engine, secrets, record, onStart: nodeLock.release };
  const result = await runAndNote(settings, due);
  const { countTimes, nextAfter } = await openTimetable();
  const at = new Date();
  const { count, last } = countTimes(job, { after: dueAt, until: at });
  if (count > 0) record.addMissedRuns(name, { count, accountedAt: last.toISOString() });
  return { result, because: "", next: { dueAt: nextAfter(job, at), timeoutMs: job.timeoutMs } };
}

function skipped(because: string): ScheduledRunEnd {
  return { result: null, because, next: null };
}

interface DueJob {
  job: ScheduledJob;
  dueAt: Date;
  signal: AbortSignal;
  engine: Engine;
  secrets: NodeSecrets;
  record: NodeRecord;
  /** Gives the node's lock up: a long run must not keep the node from being healed. */
  onStart: () => void;
}

/** What goes wrong with a run is its result: the next status tells it. Throws K3053 for one that could not be stopped. */
async function runAndNote(settings: RunSettings, due: DueJob): Promise<JobResult> {
  const { job, signal, secrets, record } = due;
  const dueAt = due.dueAt.toISOString();
  const output = keepJobOutput();
  const said = () => output.read(secrets.hideValues);
  const failed = (because: string) => ({ exitCode: null, said: [said(), because].join("\n").trim() });
  const container = newRunName({
    project: projectOfJob(job),
    service: job.service,
  });
  let startedAt = "";
  let beganMs = 0;
  const begin = () => {
    startedAt = new Date().toISOString();
    beganMs = performance.now();
    record.beginRun(job.name, { dueAt, startedAt, container });
  };
  const onStart = () => {
    begin();
    due.onStart();
  };
  const end = async (): Promise<Pick<JobResult, "exitCode" | "said">> => {
    try {
      const exitCode = await runInTime(settings, { ...due, output, container, onStart });
      if (exitCode === null) return failed(`it took longer than ${job.timeoutMs / 1_000} s`);
      return { exitCode, said: exitCode === 0 ? "" : said() };
    } catch (error) {
      // It has not ended for the record: a round stops the container when its time is over.
      if (isUnstopped(error)) throw error;
      return failed(
        signal.aborted ? "it was stopped with the agent" : secrets.hideValues(formatError(error)),
      );
    }
  };
  // Once more when the container has started: until then nobody may take the run for one that has not begun.
  begin();
  const ended = await end();
  const result = { dueAt, startedAt, ...ended, seconds: (performance.now() - beganMs) / 1_000 };
  record.endRun(job.name, result);
  return result;
}

function isUnstopped(error: unknown): boolean {
  return error instanceof KeelsonError && error.code === "K3053";
}

/** Returns the exit code; null when it took too long. */
async function runInTime(
  settings: RunSettings,
  {
    job,
    engine,
    secrets,
    output,
    container,
    signal,
    onStart,
  }: DueJob & { output: JobOutput; container: string },
): Promise<number | null> {
  const { instance, service, timeoutMs } = job;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const place = await requireService(settings, { instance, service, secrets });
    return await runJob(engine, {
      composeBinary: settings.composeBinary,
      ...place,
      service,
      name: container,
      command: [],
      stdout: output.stdout,
      stderr: output.stderr,
      onStart,
      signal: AbortSignal.any([signal, timeout]),
      longestStopMs: settings.waits.stopMs,
    });
  } catch (error) {
    if (!timeout.aborted || isUnstopped(error)) throw error;
    return null;
  }
}
