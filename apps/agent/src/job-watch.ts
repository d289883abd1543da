import type { JobEnd, JobTimer } from "./job-timer.ts";

export interface JobWatchInput {
  /** Runs a job that is due; always comes. */
  run: (timer: JobTimer) => Promise<JobEnd>;
  onEnd: (timer: JobTimer, end: JobEnd) => void;
  /** The time of a job has passed without a run: the machine slept, or the clock jumped. */
  onMissed: (timer: JobTimer) => void;
}

/** Starts jobs when they are due, between rounds and during them; never two runs of one at a time. */
export interface JobWatch {
  /** Takes over what a round has told; null: it could not tell, and what was known goes on. */
  keep: (timers: readonly JobTimer[] | null) => void;
  /** Starts nothing any more. Comes when all runs have ended. */
  close: () => Promise<void>;
}

/** Each is a process with a memory of its own; others that are due wait. */
const mostRuns = 4;

/** Timers do not notice that the clock was set, or that the machine has slept. */
const longestPauseMs = 15_000;

export function openJobWatch({ run, onEnd, onMissed }: JobWatchInput): JobWatch {
  let pending = new Map<string, JobTimer>();
  const running = new Map<string, Promise<void>>();
  /** The time of the last run, by job: a round that was at work meanwhile still names it. */
  const begun = new Map<string, number>();
  let pause: NodeJS.Timeout | undefined;
  let isClosed = false;
  let free = mostRuns;
  const waiting: (() => void)[] = [];
  const inSlot = async (timer: JobTimer): Promise<JobEnd> => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      if (isClosed) return { outcome: "skipped", next: null };
      if (Date.now() <= timer.latestMs) return await run(timer);
      onMissed(timer);
      return { outcome: "skipped", next: null };
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
  const start = (timer: JobTimer) => {
    begun.set(timer.job, timer.dueMs);
    const end = inSlot(timer).then((told) => {
      running.delete(timer.job);
      if (told.next !== null) pending.set(timer.job, told.next);
      onEnd(timer, told);
      look();
    });
    running.set(timer.job, end);
  };
  const startDue = () => {
    const nowMs = Date.now();
    for (const timer of [...pending.values()].filter(({ dueMs }) => dueMs <= nowMs)) {
      pending.delete(timer.job);
      // What is due while a run is at work is accounted for by that run.
      if (running.has(timer.job)) continue;
      if (nowMs > timer.latestMs) onMissed(timer);
      else start(timer);
    }
  };
  const look = () => {
    clearTimeout(pause);
    if (isClosed) return;
    startDue();
    if (pending.size === 0) return;
    const untilMs = Math.min(...[...pending.values()].map(({ dueMs }) => dueMs)) - Date.now();
    pause = setTimeout(look, Math.min(longestPauseMs, Math.max(0, untilMs)));
  };
  return {
    keep: (timers) => {
      if (timers === null || isClosed) return;
      // What has become due meanwhile is not in them any more.
      startDue();
      const before = pending;
      pending = new Map(
        timers.flatMap((timer): [string, JobTimer][] => {
          const kept = begun.get(timer.job) === timer.dueMs ? before.get(timer.job) : timer;
          return kept === undefined ? [] : [[timer.job, kept]];
        }),
      );
      look();
    },
    close: async () => {
      isClosed = true;
      clearTimeout(pause);
      await Promise.all(running.values());
    },
  };
}
