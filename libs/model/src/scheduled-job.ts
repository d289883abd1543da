/** When a service is run as a job. */
export interface Schedule {
  /** Five fields of cron. */
  cron: string;
  /** A name of the IANA database. */
  timeZone: string;
  /** A run that takes longer is stopped. */
  timeoutMs: number;
}

/** The Compose project of a job: its name is `<project>/<service>`. */
export function projectOfJob({ name, service }: Pick<ScheduledJob, "name" | "service">): string {
  return name.slice(0, -`/${service}`.length);
}

/** A job that this node runs by a schedule, as its record keeps it. Times are ISO 8601 in UTC. */
export interface ScheduledJob extends Schedule {
  /** `<project>/<service>` */
  name: string;
  instance: string;
  service: string;
  /** Of the times up to this one, each was run or counts as missed. */
  accountedAt: string;
  /** Times that passed without a run since the last one ended. */
  missed: number;
  /** The run that is at work, or whose end nobody has seen; null when there is none. */
  running: {
    dueAt: string;
    startedAt: string;
    /** The name of its container; absent in records of earlier versions. */
    container?: string;
  } | null;
  /** The last run that ended; null before the first. */
  last: JobResult | null;
}

/** How a run by schedule ended. */
export interface JobResult {
  /** The time of the schedule. */
  dueAt: string;
  startedAt: string;
  seconds: number;
  /** Null when the job was not started, or its end was not seen. */
  exitCode: number | null;
  /** Of a run that did not end with 0: its last output, or why there is no exit code. Without secret values. */
  said: string;
}

/** How late a run may begin: later, its time counts as missed. */
export const latestStartMs = 5 * 60_000;

/** How long a run that is due waits for the operations of a round: after that, its time counts as missed. */
export const longestLockWaitMs = 15 * 60_000;
