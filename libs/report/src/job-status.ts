import {
  type DesiredInstance,
  type DesiredService,
  type ServiceSchedule,
  type StatusError,
  resourceIds,
} from "@keelson/model";

import { quotedInLine } from "./said-text.ts";
import type { StatusInput } from "./status-input.ts";

/** A failed run by schedule. */
export const failedRunCode = "K3038";

/** What the status tells of a service's schedule; null where it has none. */
export function buildSchedule(
  { name, schedule }: Pick<DesiredService, "name" | "schedule">,
  { instance, jobs }: { instance: Pick<DesiredInstance, "project"> } & Pick<StatusInput, "jobs">,
): ServiceSchedule | null {
  if (schedule === undefined) return null;
  const { cron, timeZone } = schedule;
  const job = jobs?.find((each) => each.name === `${instance.project}/${name}`);
  if (job === undefined) return { cron, timeZone, next: "", missed: 0, running: null, last: null };
  const { nextAt: next, missed, running, last } = job;
  return {
    cron,
    timeZone,
    next,
    missed,
    running: running?.startedAt ?? null,
    last:
      last === null
        ? null
        : { due: last.dueAt, started: last.startedAt, seconds: last.seconds, exitCode: last.exitCode },
  };
}

/** An error for each job whose last run by schedule failed. Where the record cannot be read, what was told before stays. */
export function findJobErrors({
  jobs,
  last,
}: Pick<StatusInput, "jobs" | "last">): Omit<StatusError, "since">[] {
  if (jobs === undefined) return (last?.errors ?? []).filter(({ code }) => code === failedRunCode);
  return jobs.flatMap(({ name, instance, service, last: result }) => {
    if (result === null || result.exitCode === 0) return [];
    const [project = ""] = name.split("/");
    const end =
      result.exitCode === null ? "did not come to its end" : `ended with exit code ${result.exitCode}`;
    return [
      {
        code: failedRunCode,
        resource: resourceIds.service(project, service),
        message: `the run of ${name} that was due at ${result.dueAt} ${end}${quotedInLine(result.said)}`,
        hint: `Run it now to see why: keelson run ${instance} ${service}. The next good run by its schedule ends this error.`,
        outcome: "waiting" as const,
      },
    ];
  });
}
