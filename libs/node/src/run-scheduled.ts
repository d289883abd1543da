import { existsSync } from "node:fs";

import { type Engine, type JobOutput, connectEngine, findRuns, keepJobOutput, runJob } from "@keelson/engine";
import { type JobResult, type NodeSecrets, type ScheduledJob, formatError, projectOf } from "@keelson/model";
import { openTimetable } from "@keelson/reconcile";
import { type NodeRecord, acquireLock, openRecord } from "@keelson/record";
import { openSecrets } from "@keelson/secrets";

import { takeJobLock } from "./job-lock.ts";
import { noKey } from "./node-engine.ts";
import { type NodeSettings, lockPath, recordPath } from "./node-settings.ts";
import { requireService } from "./run-service.ts";
import { readSuspension } from "./suspension.ts";
import { requireTrustedFolders } from "./trusted-files.ts";

export type JobSettings = Pick<
  NodeSettings,
  "environment" | "stateDir" | "keyFile" | "secretsFile" | "dockerHost" | "composeBinary"
>;

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
 * Runs a job that is due, as it stands on this node, and notes in the record how it ended. Its time is skipped while another run
 * of it is at work or the node is suspended, or when the job is not the node's any more. Throws what the record, the key and the locks throw.
 */
export async function runScheduled(
  settings: JobSettings,
  { job: name, dueAt, signal }: ScheduledRun,
): Promise<ScheduledRunEnd> {
  requireTrustedFolders(settings);
  if (!existsSync(settings.keyFile)) throw noKey(settings.keyFile);
  const lock = await takeJobLock(settings, name);
  // The run that has it accounts for this time.
  if (lock === null) return skipped("the run before is still at work");
  using record = openRecord({ path: recordPath(settings) });
  try {
    const job = record.readScheduledJobs().find((each) => each.name === name);
    if (job === undefined) return skipped("the node does not run it any more");
    const secrets = await openSecrets(settings);
    const { dockerHost } = settings;
    const engine = connectEngine(dockerHost === undefined ? {} : { dockerHost });
    const { countTimes, nextAfter } = await openTimetable();
    const project = projectOf(settings.environment, job.instance);
    if ((await readSuspension(settings.stateDir)) !== null) {
      record.addMissedRuns(name, { count: 1, accountedAt: dueAt.toISOString() });
      return skipped("a person has suspended the node");
    }
    const [other] = await findRuns(engine, { project, service: job.service, signal });
    if (other !== undefined) {
      record.addMissedRuns(name, { count: 1, accountedAt: dueAt.toISOString() });
      return skipped(`${other} is still at work`);
    }
    const result = await runAndNote(settings, { job, dueAt, signal, engine, secrets, record });
    const at = new Date();
    const { count, last } = countTimes(job, { after: dueAt, until: at });
    if (count > 0) record.addMissedRuns(name, { count, accountedAt: last.toISOString() });
    return { result, because: "", next: { dueAt: nextAfter(job, at), timeoutMs: job.timeoutMs } };
  } finally {
    lock.release();
  }
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
}

/** What goes wrong with a run is its result: the next status tells it. */
async function runAndNote(settings: JobSettings, due: DueJob): Promise<JobResult> {
  const { job, signal, secrets, record } = due;
  const begun = { dueAt: due.dueAt.toISOString(), startedAt: new Date().toISOString() };
  const beganMs = performance.now();
  const output = keepJobOutput();
  const said = () => output.read(secrets.hideValues);
  const failed = (because: string) => ({ exitCode: null, said: [said(), because].join("\n").trim() });
  const end = async (): Promise<Pick<JobResult, "exitCode" | "said">> => {
    try {
      const exitCode = await runBehindLock(settings, { ...due, output });
      if (exitCode === null) return failed(`it took longer than ${job.timeoutMs / 1_000} s`);
      return { exitCode, said: exitCode === 0 ? "" : said() };
    } catch (error) {
      return failed(
        signal.aborted ? "it was stopped with the agent" : secrets.hideValues(formatError(error)),
      );
    }
  };
  const ended = await end();
  const result = { ...begun, ...ended, seconds: (performance.now() - beganMs) / 1_000 };
  record.endRun(job.name, result);
  return result;
}

/**
 * A run starts from what no round is just changing: it waits for the node's lock, and gives it up as soon as its container has
 * started. A long run must not keep the node from being healed. Returns the exit code; null when it took too long.
 */
async function runBehindLock(
  settings: JobSettings,
  { job, dueAt, engine, secrets, record, output, signal }: DueJob & { output: JobOutput },
): Promise<number | null> {
  const { instance, service, timeoutMs } = job;
  const lock = await acquireLock({ path: lockPath(settings), waitMs: timeoutMs, signal });
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    record.beginRun(job.name, { dueAt: dueAt.toISOString(), startedAt: new Date().toISOString() });
    const { composeFile, project } = await requireService(settings, { instance, service, secrets });
    return await runJob(engine, {
      composeBinary: settings.composeBinary,
      composeFile,
      project,
      service,
      command: [],
      stdout: output.stdout,
      stderr: output.stderr,
      onStart: lock.release,
      signal: AbortSignal.any([signal, timeout]),
    });
  } catch (error) {
    if (!timeout.aborted) throw error;
    return null;
  } finally {
    lock.release();
  }
}
