import type { ScheduledJob } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { buildSchedule, findJobErrors } from "./job-status.ts";
import { madeStatus } from "./status-fixture.ts";
import { saysNothingNew, tellsOtherRuns } from "./status-news.ts";

const result = {
  dueAt: "2026-11-30T03:00:00.000Z",
  startedAt: "2026-11-30T03:00:01.000Z",
  seconds: 12.5,
  exitCode: 0,
  said: "",
};
const job: ScheduledJob & { nextAt: string } = {
  name: "lab-web/backup",
  instance: "web",
  service: "backup",
  cron: "0 3 * * *",
  timeZone: "UTC",
  timeoutMs: 60_000,
  accountedAt: result.dueAt,
  missed: 2,
  running: null,
  last: result,
  nextAt: "2026-12-01T03:00:00.000Z",
};
const failed = { ...job, last: { ...result, exitCode: 3, said: "disk full\ngave up" } };

describe("the error of a job", () => {
  it("must name the run, its exit code and its last output, until a good one", () => {
    expect(findJobErrors({ jobs: [failed], last: null })).toEqual([
      {
        code: "K3038",
        resource: "service:lab-web/backup",
        message:
          "the run of lab-web/backup that was due at 2026-11-30T03:00:00.000Z ended with exit code 3: disk full | gave up",
        hint: "Run it now to see why: keelson run web backup. The next good run by its schedule ends this error.",
        outcome: "waiting",
      },
    ]);
    expect(findJobErrors({ jobs: [job, { ...job, last: null }], last: null })).toEqual([]);
  });

  it("must stay where the record cannot be read", () => {
    const error = {
      code: "K3038",
      resource: "r",
      message: "m",
      hint: "",
      outcome: "waiting",
      since: "",
    } as const;
    const last = madeStatus({ errors: [error, { ...error, code: "K3006" }] });
    expect(findJobErrors({ jobs: undefined, last })).toEqual([error]);
  });
});

describe("the schedule in a status", () => {
  const service = {
    name: "backup",
    schedule: { cron: "0 4 * * *", timeZone: "UTC", timeoutMs: 60_000 },
  };
  const instance = { project: "lab-web" };

  it("must tell of the job as the node runs it, and of a new one what is desired", () => {
    expect(buildSchedule(service, { instance, jobs: [job] })).toEqual({
      cron: "0 4 * * *",
      timeZone: "UTC",
      next: job.nextAt,
      missed: 2,
      running: null,
      last: { due: result.dueAt, started: result.startedAt, seconds: 12.5, exitCode: 0 },
    });
    expect(buildSchedule(service, { instance, jobs: [] })).toMatchObject({ next: "", last: null });
    expect(buildSchedule({ name: service.name }, { instance, jobs: [] })).toBeNull();
  });

  const statusOf = (more: Partial<typeof job>) =>
    madeStatus({
      instances: [
        {
          name: "web",
          package: "app/web",
          version: "1.0.0",
          state: "running",
          sync: "in-sync",
          health: "healthy",
          services: [
            {
              name: "backup",
              image: { want: "backup:1", have: "" },
              digest: { want: "d", have: "" },
              state: more.running === undefined ? "scheduled" : "running",
              health: "healthy",
              schedule: buildSchedule(service, { instance, jobs: [{ ...job, ...more }] }) ?? undefined,
            },
          ],
        },
      ],
    });

  it("must be published for a miss, and not for each good run", () => {
    const before = statusOf({});
    const after = statusOf({ nextAt: "2026-12-02T03:00:00.000Z", last: { ...result, seconds: 9 } });
    expect(saysNothingNew(after, before)).toBe(true);
    expect(saysNothingNew(statusOf({ running: result }), before)).toBe(true);
    expect(tellsOtherRuns(after, before)).toBe(true);
    expect(tellsOtherRuns(statusOf({}), before)).toBe(false);
    expect(tellsOtherRuns(madeStatus(), null)).toBe(false);
    expect(saysNothingNew(statusOf({ missed: 0 }), before)).toBe(false);
  });
});
