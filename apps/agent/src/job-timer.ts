/** When a job is due, by the wall clock, in milliseconds. The watcher knows no schedule: others tell it these times. */
export interface JobTimer {
  /** `<project>/<service>` */
  job: string;
  dueMs: number;
  /** Later, it does not begin any more: its time is missed. */
  latestMs: number;
  /** How long the run may take, its wait for rounds included. */
  longestMs: number;
}

/** How a run ended; `lost`: its process told nothing. */
export const jobOutcomes = ["done", "failed", "skipped", "lost"] as const;
export type JobOutcome = (typeof jobOutcomes)[number];

/** What the process of a run tells at its end. */
export interface JobEnd {
  outcome: JobOutcome;
  /** When the job is due next; null when the next round says it. */
  next: JobTimer | null;
}
