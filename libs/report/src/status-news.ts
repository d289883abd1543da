import { type ServiceStatus, type Status, digestValue } from "@keelson/model";

/** Whether a report says, but for times and counters, what the last one said. */
export function saysNothingNew(status: Status, last: Status | null): boolean {
  return last !== null && digestStatus(status) === digestStatus(last);
}

/**
 * Texts of errors count as little as times: the same failure can be told in many ways. A retry is news when there was none
 * before, and then at the second, the fourth, the eighth attempt, and so on.
 */
function digestStatus(status: Status): string {
  return digestValue({
    ...status,
    seq: 0,
    observedAt: "",
    retry: status.retry === null ? null : Math.floor(Math.log2(status.retry.attempt)),
    conditions: status.conditions.map(({ type, status: value, reason }) => ({ type, value, reason })),
    errors: status.errors.map(({ code, resource, outcome }) => ({ code, resource, outcome })),
    instances: status.instances.map(({ services, ...instance }) => ({
      ...instance,
      services: services.map(withoutRuns),
    })),
  });
}

/** A run that ended as the one before is no news: some end each minute. */
function withoutRuns({ schedule, ...service }: ServiceStatus): object {
  if (schedule === undefined) return service;
  const { cron, timeZone, missed } = schedule;
  return { ...service, state: "", schedule: { cron, timeZone, isMissed: missed > 0 } };
}

/** Whether a report tells of another run of a job than the last one did. */
export function tellsOtherRuns(status: Status, last: Status | null): boolean {
  return digestValue(listSchedules(status)) !== digestValue(last === null ? [] : listSchedules(last));
}

function listSchedules({ instances }: Status): object[] {
  return instances.flatMap(({ name, services }) =>
    services.flatMap(({ name: service, schedule }) =>
      schedule === undefined ? [] : [{ name, service, schedule }],
    ),
  );
}

/** What changes again and again on one node must not fill the repository of all. */
const shortestGapMs = 20_000;

/**
 * Milliseconds until a report is to be published: 0 for now. A new commit is told at once, other news no sooner than
 * 20 s after the last report, and nothing new when the heartbeat is due. `heartbeatMs` of 0 is no heartbeat.
 */
export function untilPublishMs(
  status: Status,
  { published, heartbeatMs, now }: { published: Status | null; heartbeatMs: number; now: Date },
): number {
  if (published === null || digestValue(status.source) !== digestValue(published.source)) return 0;
  const elapsedMs = now.getTime() - Date.parse(published.observedAt);
  // A clock that was set back makes a report look as if it came from the future.
  if (!(elapsedMs >= 0)) return 0;
  const isNews = !saysNothingNew(status, published);
  if (!isNews && heartbeatMs === 0) return Infinity;
  return Math.max(0, (isNews ? shortestGapMs : heartbeatMs) - elapsedMs);
}
