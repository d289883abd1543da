import type { DatabaseSync } from "node:sqlite";
import { type JobResult, type ScheduledJob, canonicalText } from "@keelson/model";

/** What a job is known by. */
export type JobDefinition = Omit<ScheduledJob, "missed" | "running" | "last">;

/** Jobs that run by a schedule. Each method changes only what it names, because a run and a round can be at work together. */
export interface ScheduledJobs {
  /** Sorted by name. */
  readScheduledJobs: () => ScheduledJob[];
  /**
   * Notes jobs as they are desired. `accountedAt` counts only for a job that is new, or has another schedule than before:
   * what that one missed or did is over.
   */
  saveScheduledJobs: (jobs: readonly JobDefinition[]) => void;
  forgetScheduledJobs: (names: readonly string[]) => void;
  /** Times up to `accountedAt` have passed without a run. */
  addMissedRuns: (name: string, missed: { count: number; accountedAt: string }) => void;
  beginRun: (name: string, run: NonNullable<ScheduledJob["running"]>) => void;
  /** Ends the run that is at work, and begins to count anew what is missed. */
  endRun: (name: string, result: JobResult) => void;
}

export function openScheduledJobs(database: DatabaseSync): ScheduledJobs {
  return {
    readScheduledJobs: () =>
      database
        .prepare("SELECT * FROM scheduled_jobs ORDER BY name")
        .all()
        .map((row) => ({
          name: String(row["name"]),
          instance: String(row["instance"]),
          service: String(row["service"]),
          cron: String(row["cron"]),
          timeZone: String(row["time_zone"]),
          timeoutMs: Number(row["timeout_ms"]),
          accountedAt: String(row["accounted_at"]),
          missed: Number(row["missed"]),
          running: row["running"] === null ? null : JSON.parse(String(row["running"])),
          last: row["last"] === null ? null : JSON.parse(String(row["last"])),
        })),
    saveScheduledJobs: (jobs) => {
      const insert = database.prepare(
        `INSERT INTO scheduled_jobs (name, instance, service, cron, time_zone, timeout_ms, accounted_at)
         VALUES (:name, :instance, :service, :cron, :timeZone, :timeoutMs, :accountedAt)
         ON CONFLICT DO UPDATE SET
           accounted_at = iif(cron = excluded.cron AND time_zone = excluded.time_zone, accounted_at, excluded.accounted_at),
           missed = iif(cron = excluded.cron AND time_zone = excluded.time_zone, missed, 0),
           cron = excluded.cron, time_zone = excluded.time_zone, timeout_ms = excluded.timeout_ms
         WHERE cron <> excluded.cron OR time_zone <> excluded.time_zone OR timeout_ms <> excluded.timeout_ms`,
      );
      for (const { name, instance, service, cron, timeZone, timeoutMs, accountedAt } of jobs)
        insert.run({ name, instance, service, cron, timeZone, timeoutMs, accountedAt });
    },
    forgetScheduledJobs: (names) => {
      const remove = database.prepare("DELETE FROM scheduled_jobs WHERE name = ?");
      for (const name of names) remove.run(name);
    },
    addMissedRuns: (name, { count, accountedAt }) => {
      database
        .prepare("UPDATE scheduled_jobs SET missed = missed + ?, accounted_at = ? WHERE name = ?")
        .run(count, accountedAt, name);
    },
    beginRun: (name, run) => {
      database
        .prepare("UPDATE scheduled_jobs SET running = ?, accounted_at = ? WHERE name = ?")
        .run(canonicalText(run), run.dueAt, name);
    },
    endRun: (name, result) => {
      database
        .prepare("UPDATE scheduled_jobs SET last = ?, running = NULL, missed = 0 WHERE name = ?")
        .run(canonicalText(result), name);
    },
  };
}
