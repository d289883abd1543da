import {
  type DesiredInstance,
  type DesiredNode,
  type OperationKind,
  type Plan,
  type RecordState,
  type ScheduledJob,
  imageReference,
  latestStartMs,
  resourceIds,
} from "@keelson/model";

import type { Ports, RecordPort } from "./ports.ts";
import { openTimetable } from "./timetable.ts";
import { isWithdrawn } from "./withdrawn-job.ts";

/** A job that runs by a schedule, and when it is due next. */
export interface JobState extends ScheduledJob {
  nextAt: string;
  /** When a round is to stop its container, because its process was killed; null where none has to. */
  stopsAt: string | null;
}

interface JobPorts extends Pick<Ports, "now"> {
  record: Pick<
    RecordPort,
    "readScheduledJobs" | "saveScheduledJobs" | "forgetScheduledJobs" | "addMissedRuns" | "endRun"
  >;
}

/**
 * Brings the jobs that the node remembers up to what is desired, where their instance is applied. Until then a job goes on
 * as it was, unless the node does not permit that any more; and so do the jobs of what is held. Nothing is written where nothing
 * changed.
 */
export async function keepJobs(
  { record, now, writeCompose }: JobPorts & Pick<Ports, "writeCompose">,
  { desired, remaining, applied }: { desired: DesiredNode; remaining: Plan } & Pick<RecordState, "applied">,
): Promise<void> {
  const wanted = desired.instances
    .filter(({ state }) => state === "running")
    .map((instance) => ({
      instance,
      jobs: listJobs(instance).filter(
        ({ service }) => !isWithdrawn(service, { instance, remaining, applied }),
      ),
    }))
    .filter(({ jobs, instance }) => jobs.length > 0 || isLocked(instance));
  for (const { instance, jobs } of wanted) {
    if (!isApplied(instance, remaining)) continue;
    await writeCompose(instance);
    if (jobs.length === 0) continue;
    const accountedAt = now().toISOString();
    record.saveScheduledJobs(jobs.map((job) => ({ ...job, accountedAt })));
  }
  const names = new Set(wanted.flatMap(({ jobs }) => jobs.map(({ name }) => name)));
  const held = new Set(desired.held.flatMap(({ name, was }) => [name, was ?? name]));
  // The instance of a run that is at work waits for its end.
  const isOver = ({ name, instance, running }: ScheduledJob) =>
    !names.has(name) && !held.has(instance) && running === null;
  const gone = record.readScheduledJobs().filter(isOver);
  record.forgetScheduledJobs(gone.map(({ name }) => name));
}

function listJobs({ name: instance, project, services }: DesiredInstance) {
  return services.flatMap(({ name: service, schedule }) =>
    schedule === undefined ? [] : [{ name: `${project}/${service}`, instance, service, ...schedule }],
  );
}

/** Locking recreates nothing: what is run once more from its Compose file must be what is locked by now. */
function isLocked({ services }: DesiredInstance): boolean {
  return services.some(({ lockedImage }) => lockedImage !== undefined);
}

/** With these left to do, the containers are what they are to be. */
const lastSteps: ReadonlySet<OperationKind> = new Set([
  "start-service",
  "await-service",
  "signal-container",
  "exec-in-container",
  "record-files",
  "remove-files",
]);

/** Whether an instance is what is desired, but for what does not come up: a job must not run with half of a change. */
function isApplied({ project, services }: DesiredInstance, { operations, blocked }: Plan): boolean {
  const images = new Set(services.map((service) => resourceIds.image(imageReference(service))));
  const isOfInstance = ({ resource }: { resource: string }) => {
    const name = resource.slice(resource.indexOf(":") + 1);
    return name.startsWith(`${project}/`) || name.startsWith(`${project}_`) || images.has(resource);
  };
  return (
    !operations.some((each) => !lastSteps.has(each.kind) && isOfInstance(each)) &&
    !blocked.some((each) => each.code !== "K3037" && isOfInstance(each))
  );
}

/**
 * Stops the containers of runs that take too long and whose process, which would do it, was killed. At the end of a round: a job may
 * take its time to stop, and must hold up no repair.
 */
export async function stopOverdueRuns({
  record,
  now,
  takeJobLock,
  findRuns,
  stopRun,
}: Pick<JobPorts, "now"> & {
  record: Pick<RecordPort, "readScheduledJobs" | "endRun">;
} & Pick<Ports, "takeJobLock" | "findRuns" | "stopRun">): Promise<void> {
  for (const { name, running, timeoutMs } of record.readScheduledJobs()) {
    if (running?.container === undefined || now().getTime() < endOf({ running, timeoutMs })) continue;
    using lock = await takeJobLock(name);
    if (lock === null || !(await findRuns(name)).includes(running.container)) continue;
    const said = await stopRun(running.container);
    const { dueAt, startedAt } = running;
    const because = `its process was killed or lost the engine, and its container was stopped after more than ${timeoutMs / 1_000} s`;
    record.endRun(name, {
      dueAt,
      startedAt,
      seconds: (now().getTime() - Date.parse(startedAt)) / 1_000,
      exitCode: null,
      said: [said, because].join("\n"),
    });
  }
}

type AtWork = Pick<ScheduledJob, "timeoutMs"> & { running: NonNullable<ScheduledJob["running"]> };

/** When its time is over, in milliseconds since 1970. */
function endOf({ running, timeoutMs }: AtWork): number {
  return Date.parse(running.startedAt) + timeoutMs;
}

/**
 * What runs by a schedule. Before, counts what was missed, and ends what nobody runs any more: its process was killed. The
 * times that pass during a run are accounted for by that run.
 */
export async function accountForJobs({
  record,
  now,
  takeJobLock,
  findRuns,
}: JobPorts & Pick<Ports, "takeJobLock" | "findRuns">): Promise<JobState[]> {
  const jobs = record.readScheduledJobs();
  if (jobs.length === 0) return [];
  const { countTimes, nextAfter } = await openTimetable();
  const at = now();
  const latest = new Date(at.getTime() - latestStartMs);
  const isAhead = (job: ScheduledJob) => Date.parse(job.accountedAt) > at.getTime() + latestStartMs;
  const hasNews = (job: ScheduledJob) =>
    job.running !== null ||
    isAhead(job) ||
    nextAfter(job, new Date(job.accountedAt)).getTime() <= latest.getTime();
  const orphans = new Map<string, string>();
  for (const { name } of jobs.filter(hasNews)) {
    using lock = await takeJobLock(name);
    // Its run accounts for its times; it may only wait for this round.
    if (lock === null) continue;
    // Only now: the run that was at work may have ended since.
    const job = record.readScheduledJobs().find((each) => each.name === name);
    if (job === undefined) continue;
    const { running } = job;
    if (running !== null) {
      const { dueAt, startedAt, container } = running;
      const runs = await findRuns(name);
      const goesOn = container === undefined ? runs.length > 0 : runs.includes(container);
      const endMs = endOf({ ...job, running });
      // What a killed process has started goes on, and needs its instance as it is. It is stopped at the end of a round.
      if (goesOn && (at.getTime() < endMs || container !== undefined)) {
        if (at.getTime() < endMs) orphans.set(name, new Date(endMs).toISOString());
        continue;
      }
      record.endRun(job.name, {
        dueAt,
        startedAt,
        seconds: 0,
        exitCode: null,
        said: "nobody saw its end: its process was killed or lost the engine",
      });
    }
    if (isAhead(job)) {
      // The clock was set back.
      record.addMissedRuns(job.name, { count: 0, accountedAt: at.toISOString() });
      continue;
    }
    const { count, last } = countTimes(job, { after: new Date(job.accountedAt), until: latest });
    if (count > 0) record.addMissedRuns(job.name, { count, accountedAt: last.toISOString() });
  }
  return record.readScheduledJobs().map((job) => {
    const since =
      job.running === null ? Math.max(Date.parse(job.accountedAt), latest.getTime()) : at.getTime();
    const nextAt = nextAfter(job, new Date(since)).toISOString();
    return { ...job, nextAt, stopsAt: orphans.get(job.name) ?? null };
  });
}
