import {
  type Ask,
  type DesiredNode,
  type DesiredService,
  type Plan,
  type RecordState,
  type ScheduledJob,
  digestBytes,
} from "@keelson/model";
import { describe, expect, test } from "vitest";

import { accountForJobs, keepJobs, stopOverdueRuns } from "./scheduled-jobs.ts";

const job: ScheduledJob = {
  name: "lab-web/backup",
  instance: "web",
  service: "backup",
  cron: "0 * * * *",
  timeZone: "UTC",
  timeoutMs: 60_000,
  accountedAt: "2026-11-30T03:00:00.000Z",
  missed: 0,
  running: null,
  last: null,
};

/** A memory of jobs that does what the record does. */
function memoryOf(...jobs: readonly ScheduledJob[]) {
  const all = new Map(jobs.map((each) => [each.name, each]));
  const change = (name: string, fields: Partial<ScheduledJob>) => {
    const before = all.get(name);
    if (before !== undefined) all.set(name, { ...before, ...fields });
  };
  return {
    readScheduledJobs: () => [...all.values()],
    saveScheduledJobs: (saved: readonly Omit<ScheduledJob, "missed" | "running" | "last">[]) => {
      for (const each of saved)
        all.set(each.name, { missed: 0, running: null, last: null, ...all.get(each.name), ...each });
    },
    forgetScheduledJobs: (names: readonly string[]) => {
      for (const name of names) all.delete(name);
    },
    addMissedRuns: (name: string, { count, accountedAt }: { count: number; accountedAt: string }) =>
      change(name, { missed: (all.get(name)?.missed ?? 0) + count, accountedAt }),
    endRun: (name: string, last: NonNullable<ScheduledJob["last"]>) =>
      change(name, { last, running: null, missed: 0 }),
  };
}

async function account(
  fields: Partial<ScheduledJob>,
  { at, isAtWork = false, runs = [] }: { at: string; isAtWork?: boolean; runs?: string[] },
) {
  const record = memoryOf({ ...job, ...fields });
  const takeJobLock = async () => (isAtWork ? null : new DisposableStack());
  const findRuns = async () => runs;
  const [state] = await accountForJobs({ record, now: () => new Date(at), takeJobLock, findRuns });
  return state;
}

describe("what runs by a schedule", () => {
  test("is due next, also when its time has come and nobody was there to begin", async () => {
    expect(await account({}, { at: "2026-11-30T03:59:00.000Z" })).toMatchObject({
      nextAt: "2026-11-30T04:00:00.000Z",
      missed: 0,
    });
    expect(await account({}, { at: "2026-11-30T04:04:59.000Z" })).toMatchObject({
      nextAt: "2026-11-30T04:00:00.000Z",
      missed: 0,
    });
  });

  test("has missed what is longer ago, each time once", async () => {
    const state = await account({ missed: 1 }, { at: "2026-11-30T06:30:00.000Z" });
    expect(state).toMatchObject({
      nextAt: "2026-11-30T07:00:00.000Z",
      missed: 4,
      accountedAt: "2026-11-30T06:00:00.000Z",
    });
    expect(await account(state ?? {}, { at: "2026-11-30T06:31:00.000Z" })).toMatchObject({ missed: 4 });
  });

  const running = { dueAt: "2026-11-30T03:00:00.000Z", startedAt: "2026-11-30T03:00:01.000Z" };

  test("misses nothing while it is at work, and has failed when nobody is at it any more", async () => {
    const at = "2026-11-30T06:30:00.000Z";
    expect(await account({ running }, { at, isAtWork: true })).toMatchObject({
      running,
      missed: 0,
      last: null,
      nextAt: "2026-11-30T07:00:00.000Z",
    });
    expect(await account({ running }, { at })).toMatchObject({
      running: null,
      last: { ...running, exitCode: null },
      missed: 3,
    });
  });

  test("is at work while its container is, also when its process was killed, until its time is over", async () => {
    const runs = ["lab-web-backup-run-1"];
    expect(await account({ running }, { at: "2026-11-30T03:01:00.999Z", runs })).toMatchObject({
      running,
      last: null,
    });
    expect(await account({ running }, { at: "2026-11-30T03:01:01.000Z", runs })).toMatchObject({
      running: null,
      last: { ...running, exitCode: null },
    });
  });

  test("tells when its container is to be stopped, where its process was killed", async () => {
    const container = "lab-web-backup-run-1";
    const named = { ...running, container };
    const inTime = { at: "2026-11-30T03:00:59.000Z", runs: [container] };
    expect(await account({ running: named }, inTime)).toMatchObject({
      running: named,
      stopsAt: "2026-11-30T03:01:01.000Z",
    });
    expect(await account({ running: named }, { ...inTime, isAtWork: true })).toMatchObject({ stopsAt: null });
    // A container that somebody else has started is not that of the run.
    expect(await account({ running: named }, { ...inTime, runs: ["lab-web-backup-run-2"] })).toMatchObject({
      running: null,
      stopsAt: null,
      last: { exitCode: null, said: "nobody saw its end: its process was killed or lost the engine" },
    });
    // The end of the round stops it.
    expect(await account({ running: named }, { ...inTime, at: "2026-11-30T03:01:01.000Z" })).toMatchObject({
      running: named,
      stopsAt: null,
    });
  });

  test("is stopped when its time is over, where its process was killed, and only then", async () => {
    const container = "lab-web-backup-run-1";
    const named = { ...running, container };
    const stop = async (
      { at, isAtWork = false, runs = [container, "lab-web-backup-run-2"] }: Parameters<typeof account>[1],
      fields: Partial<ScheduledJob> = { running: named },
    ) => {
      const record = memoryOf({ ...job, ...fields });
      const stopped: string[] = [];
      await stopOverdueRuns({
        record,
        now: () => new Date(at),
        takeJobLock: async () => (isAtWork ? null : new DisposableStack()),
        findRuns: async () => runs,
        stopRun: async (name) => {
          stopped.push(name);
          return "half of it";
        },
      });
      return { stopped, job: record.readScheduledJobs()[0] };
    };
    const late = { at: "2026-11-30T03:01:11.000Z" };
    expect(await stop(late)).toMatchObject({
      stopped: [container],
      job: {
        running: null,
        last: {
          ...running,
          seconds: 70,
          exitCode: null,
          said: "half of it\nits process was killed or lost the engine, and its container was stopped after more than 60 s",
        },
      },
    });
    const inTime = { at: "2026-11-30T03:01:00.999Z" };
    expect(await stop(inTime)).toMatchObject({ stopped: [], job: { running: named } });
    expect(await stop({ ...late, isAtWork: true })).toMatchObject({ stopped: [], job: { running: named } });
    expect(await stop({ ...late, runs: ["lab-web-backup-run-2"] })).toMatchObject({ stopped: [] });
    // Which container it is, no record of an earlier version says.
    expect(await stop(late, { running })).toMatchObject({ stopped: [], job: { running } });
    expect((await stop(late, {})).stopped).toEqual([]);
  });

  test("misses nothing while it waits for the node's lock", async () => {
    expect(await account({}, { at: "2026-11-30T06:30:00.000Z", isAtWork: true })).toMatchObject({
      missed: 0,
      accountedAt: job.accountedAt,
    });
  });

  test("has ended as it says itself, when it ends just before its lock is taken", async () => {
    const record = memoryOf({ ...job, running });
    const last = { ...running, seconds: 5, exitCode: 0, said: "" };
    const takeJobLock = async () => {
      record.endRun(job.name, last);
      return new DisposableStack();
    };
    const at = new Date("2026-11-30T03:30:00.000Z");
    const findRuns = async () => [];
    expect(await accountForJobs({ record, now: () => at, takeJobLock, findRuns })).toMatchObject([
      { running: null, last, missed: 0 },
    ]);
  });

  test("goes on by the present time when the clock was set back", async () => {
    expect(
      await account({ accountedAt: "2099-01-01T00:00:00.000Z" }, { at: "2026-11-30T04:30:00.000Z" }),
    ).toMatchObject({ nextAt: "2026-11-30T05:00:00.000Z", missed: 0 });
  });
});

describe("a job is kept", () => {
  const service: DesiredService = {
    name: "backup",
    image: "backup:1",
    digests: [{ algorithm: "v1", digest: digestBytes("backup"), parts: {} }],
    replicas: 0,
    oneShot: true,
    schedule: { cron: "0 4 * * *", timeZone: "UTC", timeoutMs: 60_000 },
    endAwaited: false,
    hasHealthcheck: false,
    trialMs: 60_000,
    stopGraceMs: null,
    dependsOn: [],
    sharesWith: [],
    networks: [],
    volumes: [],
    places: [],
    ports: [],
  };
  const instance: DesiredNode["instances"][number] = {
    name: "web",
    project: "lab-web",
    package: { reference: "app/web", version: "1.0.0" },
    state: "running",
    after: [],
    services: [service],
    networks: [],
    volumes: [],
    mounts: [],
    folders: [],
    grants: [],
    compose: { name: "lab-web", services: {}, networks: {}, volumes: {}, secrets: {}, configs: {} },
  };
  const remaining = (operations: Plan["operations"] = []): Plan => ({
    environment: "lab",
    node: "lab-1",
    desiredDigest: "",
    operations,
    blocked: [],
    notices: [],
    grants: [],
  });

  type Kept = Partial<
    Pick<typeof instance, "grants" | "services"> & Pick<RecordState, "applied"> & Pick<DesiredNode, "held">
  >;

  async function keep(
    state: "running" | "installed",
    plan: Plan,
    { grants = [], services = [service], applied = null, held = [] }: Kept = {},
  ) {
    const record = memoryOf(job, { ...job, name: "lab-old/backup", instance: "old" });
    const written: string[] = [];
    await keepJobs(
      {
        record,
        now: () => new Date("2026-11-30T05:00:00.000Z"),
        writeCompose: async ({ name }) => void written.push(name),
      },
      {
        desired: {
          environment: "lab",
          node: "lab-1",
          lockDigest: "",
          digest: "",
          instances: [{ ...instance, state, grants, services }],
          networks: [],
          held,
        },
        remaining: plan,
        applied,
      },
    );
    return { written, jobs: record.readScheduledJobs().map(({ name, cron }) => `${name} ${cron}`) };
  }

  test("as it is desired, and forgotten when it is not", async () => {
    expect(await keep("running", remaining())).toEqual({
      written: ["web"],
      jobs: ["lab-web/backup 0 4 * * *"],
    });
    expect(await keep("installed", remaining())).toEqual({ written: [], jobs: [] });
  });

  test("as it was while its instance is not what is desired", async () => {
    const blocked = { resource: "service:lab-web/app", code: "K3046", message: "", hint: "" };
    expect(await keep("running", { ...remaining(), blocked: [blocked] })).toEqual({
      written: [],
      jobs: ["lab-web/backup 0 * * * *"],
    });
    const elsewhere = { ...blocked, resource: "service:lab-other/app" };
    expect((await keep("running", { ...remaining(), blocked: [elsewhere] })).written).toEqual(["web"]);
    const resting = { ...blocked, code: "K3037" };
    expect((await keep("running", { ...remaining(), blocked: [resting] })).written).toEqual(["web"]);
  });

  test("as it was while its instance is held", async () => {
    const old = { name: "old", project: "lab-old", isElsewhere: false, requires: null };
    expect((await keep("running", remaining(), { held: [old] })).jobs).toEqual([
      "lab-web/backup 0 4 * * *",
      "lab-old/backup 0 * * * *",
    ]);
  });

  test("not at all while the node does not permit what it has", async () => {
    const net = { kind: "capabilities" as const, value: "NET_ADMIN", service: "backup" };
    const blocked = { resource: "service:lab-web/backup", code: "K3060", message: "", hint: "" };
    const refused = { ...remaining(), blocked: [blocked] };
    const applied = {
      commit: "c",
      desiredDigest: "d",
      lockDigest: "l",
      appliedAt: "",
      instanceOrder: ["web"],
      dependsOn: {},
      services: { web: [] },
    };
    const jobsWith = async (plan: Plan, has: typeof applied & { grants?: Record<string, Ask[]> }) =>
      (await keep("running", plan, { grants: [net], applied: has })).jobs;
    expect(await jobsWith(refused, { ...applied, grants: { web: [net] } })).toEqual([]);
    expect((await keep("running", refused, { grants: [net] })).jobs).toEqual([]);
    expect(await jobsWith(refused, applied)).toEqual(["lab-web/backup 0 * * * *"]);
    const other = { ...net, service: "app" };
    expect((await keep("running", refused, { grants: [other] })).jobs).toEqual(["lab-web/backup 0 * * * *"]);
    const permitted = { ...net, instance: "web", isNew: false, isRoot: false };
    const plan = { ...remaining(), grants: [permitted] };
    expect(await jobsWith(plan, applied)).toEqual(["lab-web/backup 0 4 * * *"]);
  });

  test("and what is locked is written for runs of it, also where nothing has a schedule", async () => {
    const { schedule: _, ...server } = { ...service, name: "app", replicas: 1 };
    const lockedImage = { digest: `sha256:${"a".repeat(64)}`, platforms: {} };
    const locked = { ...server, lockedImage };
    expect((await keep("running", remaining(), { services: [server] })).written).toEqual([]);
    expect((await keep("running", remaining(), { services: [locked] })).written).toEqual(["web"]);
    const pull: Plan["operations"][number] = {
      id: "#1",
      kind: "pull-image",
      resource: `image:backup:1@${lockedImage.digest}`,
      image: `backup:1@${lockedImage.digest}`,
      causes: [],
      class: "live",
      after: [],
    };
    expect((await keep("running", remaining([pull]), { services: [locked] })).written).toEqual([]);
  });

  test("as it was while its image is not there yet", async () => {
    const pull: Plan["operations"][number] = {
      id: "#1",
      kind: "pull-image",
      resource: "image:backup:1",
      image: "backup:1",
      causes: [],
      class: "live",
      after: [],
    };
    expect(await keep("running", remaining([pull]))).toEqual({
      written: [],
      jobs: ["lab-web/backup 0 * * * *"],
    });
  });
});
