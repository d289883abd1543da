import type { Schedule } from "@keelson/model";

/** When a job is due. */
export interface Timetable {
  /** The first time after another one. Throws for a schedule in which `findScheduleFault` finds a fault. */
  nextAfter: (schedule: Timing, time: Date) => Date;
  /** The times after one and up to another, at most `mostCounted`; up to `last` they are accounted for. */
  countTimes: (schedule: Timing, span: { after: Date; until: Date }) => { count: number; last: Date };
  /** Why a schedule is none; null when it is one. The same on every day. */
  findScheduleFault: (schedule: Timing) => ScheduleFault | null;
}

/** The key of package.yaml that is wrong, and why. */
export interface ScheduleFault {
  key: "schedule" | "timeZone";
  because: string;
}

type Timing = Pick<Schedule, "cron" | "timeZone">;

/** Counted no further, which takes a second: after a long absence or a jump of the clock there are far too many. */
const mostCounted = 1_000;

/** Zones that the library knows and that are another one on each machine: a job would not run when its package says. */
const zonesOfTheMachine = new Set(["", "local", "system", "default"]);

/** A time from which a schedule has to have another one, so that its fault is the same on every day. A leap year. */
const sampleTime = new Date("2024-01-01T00:00:00Z");

/** Loads its library, which no round needs that has no schedule. */
export async function openTimetable(): Promise<Timetable> {
  const { CronTime } = await import("cron");
  const openSchedule = ({ cron, timeZone }: Timing) => {
    const schedule = new CronTime(cron, timeZone);
    return (time: Date) => {
      // Where a clock is set back, the library can give a time that is over: what the clock shows twice counts once.
      for (let fromMs = time.getTime(); ; fromMs += 60_000) {
        const next = schedule.getNextDateFrom(new Date(fromMs), timeZone).toJSDate();
        if (next > time) return next;
      }
    };
  };
  const nextAfter = (schedule: Timing, time: Date) => openSchedule(schedule)(time);
  return {
    nextAfter,
    countTimes: (schedule, { after, until }) => {
      const nextOf = openSchedule(schedule);
      let [count, last] = [0, after];
      for (let next = nextOf(after); next <= until; next = nextOf(next)) {
        [count, last] = [count + 1, next];
        if (count === mostCounted) return { count, last: until };
      }
      return { count, last };
    },
    findScheduleFault: (schedule) => {
      const fault = findFieldFault(schedule.cron);
      if (fault !== null) return fault;
      if (zonesOfTheMachine.has(schedule.timeZone.trim().toLowerCase()))
        return { key: "timeZone", because: "it would be another one on each machine" };
      try {
        nextAfter(schedule, sampleTime);
        return null;
      } catch (error) {
        return describeRefusal(error);
      }
    },
  };
}

/** Minute, hour, day of the month, month, day of the week. */
const longestSteps = [59, 23, 31, 12, 7];

/** What the library takes for a schedule, and is none here: seconds, and a step that never comes. */
function findFieldFault(cron: string): ScheduleFault | null {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== longestSteps.length)
    return {
      key: "schedule",
      because: "it must have five fields, minute, hour, day, month and day of the week",
    };
  const long = fields.find((field, index) =>
    [...field.matchAll(/\/(\d+)/g)].some(([, step]) => Number(step) > (longestSteps[index] ?? 0)),
  );
  return long === undefined
    ? null
    : { key: "schedule", because: `the step of \`${long}\` is longer than its field` };
}

function describeRefusal(error: unknown): ScheduleFault {
  const said = error instanceof Error ? error.message : String(error);
  if (said === "Invalid timezone.") return { key: "timeZone", because: "it is not known" };
  const isNever = said.includes("No execution date was found");
  return { key: "schedule", because: isNever ? "none of its days ever comes" : said };
}
