import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath, geteuid, seteuid } from "node:process";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { emptyRecord } from "@keelson/model";
import type { ComposeModel } from "@keelson/model";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { openRecord, openRecordCopy } from "./node-record.ts";
import type { NodeRecord } from "./record.ts";
import { schemaVersion } from "./schema.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "keelson-record-"));
  path = join(folder, "state", "record.db");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const applied = {
  commit: "c".repeat(40),
  desiredDigest: "d",
  lockDigest: "l",
  appliedAt: "2026-11-20T07:00:00.000Z",
  instanceOrder: ["store", "core"],
  dependsOn: { "lab-core/web": ["db"] },
};
const model = (name: string): ComposeModel => ({
  name,
  services: {},
  networks: {},
  volumes: {},
  secrets: {},
  configs: {},
});
const at = "2026-11-20T07:00:00.000Z";
const kept = {
  instance: "wiki",
  source: "config",
  package: "./apps/wiki",
  users: ["wiki/app"],
  wasFilled: true,
  state: "used" as const,
  placed: { "app.conf": { content: "c1", whole: "w1" } },
};
const followed = { branch: "main", commit: "a".repeat(40) };

const places = { "core/db": [{ path: "/data", subpath: "", readOnly: false, covered: ["/data/cache"] }] };

function fillRecord(record: NodeRecord): void {
  record.rememberNetworks([
    { name: "lab-core_default", id: "n1" },
    { name: "lab-core_inner", id: "n2" },
  ]);
  record.rememberContainers([
    { id: "a1", project: "lab-core", service: "nginx" },
    { id: "b2", project: "lab-core", service: "redis" },
  ]);
  record.rememberVolumes({
    "lab-core_data": { users: ["core/db"], package: "sample/core", state: "used", places },
    "lab-old_data": { users: [], package: "", state: "given-up" },
  });
  record.rememberFolders({ "/data/wiki/config": kept });
  record.saveRenewed({ core: 2 });
  record.noteLoss({ made: ["a1"], unproven: ["x1"] });
  record.saveApplied(applied);
  record.saveServiceParts("lab-core/nginx", { algorithm: "v1", parts: { image: "nginx:1", compose: "x" } });
  record.acceptContainers({ a1: { algorithm: "v2", digest: "d2" } });
  record.rememberLimits({ a1: { memory: "64" }, b2: { cpus: "1", "restart policy": "always" } });
  record.saveComposeModel("inputs", model("lab-core"));
}

describe("the memory", () => {
  test("starts empty and private", async () => {
    using record = openRecord({ path });
    expect(record.readState()).toEqual(emptyRecord);
    expect((await stat(join(folder, "state"))).mode & 0o777).toBe(0o700);
    for (const name of await readdir(join(folder, "state"))) {
      expect((await stat(join(folder, "state", name))).mode & 0o777).toBe(0o600);
    }
  });

  test("is there again after closing", () => {
    {
      using record = openRecord({ path });
      fillRecord(record);
    }
    using record = openRecord({ path });
    expect(record.readState()).toEqual({
      containers: {
        a1: { project: "lab-core", service: "nginx" },
        b2: { project: "lab-core", service: "redis" },
      },
      applied,
      attempted: applied.commit,
      accepted: { a1: { algorithm: "v2", digest: "d2" } },
      limits: { a1: { memory: "64" }, b2: { cpus: "1", "restart policy": "always" } },
      jobsAtWork: [],
      serviceParts: { "lab-core/nginx": { algorithm: "v1", parts: { image: "nginx:1", compose: "x" } } },
      networks: { "lab-core_default": "n1", "lab-core_inner": "n2" },
      volumes: {
        "lab-core_data": { users: ["core/db"], package: "sample/core", state: "used", places },
        "lab-old_data": { users: [], package: "", state: "given-up" },
      },
      folders: { "/data/wiki/config": kept },
      renewed: { core: 2 },
      loss: { made: ["a1"], unproven: ["x1"] },
      openServices: [],
      openNetworks: [],
      starts: {},
      crashes: {},
    });
    expect(record.readComposeModel("inputs")).toEqual(model("lab-core"));
    expect(record.readComposeModel("others")).toBeNull();
  });

  test("knows of which commit a round did something last", () => {
    using record = openRecord({ path });
    record.beginRound({ commit: "c1", startedAt: at });
    expect(record.readState().attempted).toBe("c1");
    const seconds = (count: number) => new Date(Date.parse(at) + count * 1000).toISOString();
    record.saveApplied({ ...applied, appliedAt: seconds(1) });
    expect(record.readState().attempted).toBe(applied.commit);
    // Also after the clock was set back.
    record.beginRound({ commit: "c2", startedAt: seconds(-1_000_000) });
    expect(record.readState().attempted).toBe("c2");
    // What is only learnt of the last apply is none.
    record.amendApplied({ ...applied, installed: ["lab-core"] });
    expect(record.readState()).toMatchObject({ attempted: "c2", applied: { installed: ["lab-core"] } });
  });

  test("replaces and forgets", () => {
    using record = openRecord({ path });
    fillRecord(record);
    record.forgetContainers(["a1", "unknown"]);
    record.forgetNetworks(["lab-core_inner", "unknown"]);
    record.rememberNetworks([{ name: "lab-core_default", id: "n3" }]);
    record.rememberVolumes({ "lab-core_data": { users: ["core/app"], package: "", state: "given-up" } });
    record.forgetVolumes(["lab-old_data", "unknown"]);
    record.rememberFolders({
      "/data/wiki/config": { ...kept, state: "given-up" },
      "/data/wiki/data": kept,
    });
    record.forgetFolders(["/data/wiki/data", "/unknown"]);
    record.saveRenewed({ core: 3 });
    record.acceptContainers({ b2: { algorithm: "v2", digest: "d2" } });
    record.acceptContainers({ b2: { algorithm: "v3", digest: "d3" } });
    record.rememberLimits({ b2: { cpus: "2" } });
    record.saveServiceParts("lab-core/nginx", { algorithm: "v1", parts: { image: "nginx:2" } });
    record.saveServiceParts("lab-core/nginx", { algorithm: "v3", parts: { image: "nginx:2" } });
    record.noteLoss({ made: ["a1", "x1"], unproven: [] });
    record.saveApplied({ ...applied, commit: "e".repeat(40) });
    expect(record.readState()).toEqual({
      loss: { made: ["a1", "x1"], unproven: [] },
      containers: { b2: { project: "lab-core", service: "redis" } },
      applied: { ...applied, commit: "e".repeat(40) },
      attempted: "e".repeat(40),
      accepted: { b2: { algorithm: "v3", digest: "d3" } },
      limits: { b2: { cpus: "2" } },
      jobsAtWork: [],
      serviceParts: { "lab-core/nginx": { algorithm: "v3", parts: { image: "nginx:2" } } },
      networks: { "lab-core_default": "n3" },
      volumes: { "lab-core_data": { users: ["core/app"], package: "", state: "given-up" } },
      folders: { "/data/wiki/config": { ...kept, state: "given-up" } },
      renewed: { core: 3 },
      openServices: [],
      openNetworks: [],
      starts: {},
      crashes: {},
    });
    record.forgetService("lab-core/nginx");
    expect(record.readState().serviceParts).toEqual({});
  });

  test("keeps the last two crashes of a container that it remembers, and each of them once", () => {
    using record = openRecord({ path });
    fillRecord(record);
    const crash = (second: number, exitCode = 1) => ({
      at: `2026-11-20T08:00:0${second}.123456789Z`,
      exitCode,
    });
    for (const each of [crash(1), crash(2), crash(2), crash(3, 4)])
      record.noteCrashes({ a1: each, b2: crash(1), unknown: each });
    expect(record.readState().crashes).toEqual({ a1: [crash(2), crash(3, 4)], b2: [crash(1)] });
    record.forgetContainers(["a1"]);
    expect(record.readState().crashes).toEqual({ b2: [crash(1)] });
  });

  test("opening, reading and saving the same again change no byte", async () => {
    {
      using record = openRecord({ path });
      fillRecord(record);
      record.saveFollowed([followed]);
      record.acceptRevision({ ...followed, commit: "b".repeat(40) });
    }
    const before = { bytes: await readFile(path), stats: await stat(path) };
    {
      using record = openRecord({ path });
      record.readState();
      record.readComposeModel("inputs");
      record.unfinishedOperations();
      record.closeInterrupted(at);
      record.rememberContainers([{ id: "a1", project: "lab-core", service: "nginx" }]);
      record.saveApplied(applied);
      record.saveServiceParts("lab-core/nginx", {
        algorithm: "v1",
        parts: { compose: "x", image: "nginx:1" },
      });
      record.acceptContainers({ a1: { algorithm: "v2", digest: "d2" } });
      record.forgetContainers(["unknown"]);
      record.readFollowed();
      record.saveFollowed([followed]);
      record.acceptRevision({ ...followed, commit: "b".repeat(40) });
      expect((await stat(`${path}-wal`)).size).toBe(0);
    }
    expect((await readFile(path)).equals(before.bytes)).toBe(true);
    expect((await stat(path)).mtimeMs).toBe(before.stats.mtimeMs);
    expect(await readdir(join(folder, "state"))).toEqual(["record.db"]);
  });
});

describe("the branch that is followed", () => {
  const [first, second, third] = ["1".repeat(40), "2".repeat(40), "3".repeat(40)] as const;
  const branch = "main";

  test("is known in the next process", () => {
    {
      using record = openRecord({ path });
      expect(record.readFollowed()).toEqual([]);
      record.saveFollowed([{ branch, commit: first }]);
      record.acceptRevision({ branch, commit: second });
    }
    using record = openRecord({ path });
    expect(record.readFollowed()).toEqual([{ branch, commit: first, accepted: second }]);
  });

  test("keeps what was accepted until another commit is followed, whichever it is", () => {
    using record = openRecord({ path });
    for (const next of [second, third]) {
      record.saveFollowed([{ branch, commit: first }]);
      record.acceptRevision({ branch, commit: second });
      record.saveFollowed([{ branch, commit: first }]);
      expect(record.readFollowed()).toEqual([{ branch, commit: first, accepted: second }]);
      record.saveFollowed([{ branch, commit: next }]);
      expect(record.readFollowed()).toEqual([{ branch, commit: next, accepted: null }]);
    }
  });

  test("begins with what was accepted where nothing of it was followed", () => {
    using record = openRecord({ path });
    record.acceptRevision({ branch, commit: first });
    expect(record.readFollowed()).toEqual([{ branch, commit: first, accepted: first }]);
    record.saveFollowed([{ branch, commit: first }]);
    expect(record.readFollowed()).toEqual([{ branch, commit: first, accepted: null }]);
    const stable = { branch: "stable", commit: second };
    record.acceptRevision(stable);
    const main = { branch, commit: first };
    const both = [
      { ...main, accepted: null },
      { ...stable, accepted: second },
    ];
    expect(record.readFollowed()).toEqual(both);
    record.saveFollowed([stable]);
    expect(record.readFollowed()).toEqual([{ ...stable, accepted: null }]);
  });

  test("is kept for each source", () => {
    using record = openRecord({ path });
    const [main, site] = [
      { branch, commit: first },
      { branch: "site/a", commit: second },
    ];
    record.saveFollowed([site, main]);
    record.acceptRevision({ ...site, commit: third });
    const accepted = [
      { ...main, accepted: null },
      { ...site, accepted: third },
    ];
    expect(record.readFollowed()).toEqual(accepted);
    record.saveFollowed([main, site]);
    expect(record.readFollowed()).toEqual(accepted);
    record.saveFollowed([{ ...main, commit: third }, site]);
    expect(record.readFollowed()).toEqual([{ ...main, commit: third, accepted: null }, accepted[1]]);
  });
});

describe("a copy", () => {
  test("has all that the record has, also of a round that was killed, and changes nothing beside it", async () => {
    using record = openRecord({ path });
    fillRecord(record); // the log is written into the file only at a close
    const state = join(folder, "state");
    const look = async () =>
      Promise.all(
        ["", ...(await readdir(state))].sort().map(async (name) => {
          const { mtimeMs, size } = await stat(join(state, name));
          return { name, mtimeMs, size };
        }),
      );
    const before = await look();
    const copy = openRecordCopy({ path });
    expect(copy.readState()).toEqual(record.readState());
    expect(copy.readComposeModel("inputs")).toEqual(model("lab-core"));
    copy.forgetContainers(["a1"]);
    copy.close();
    expect(await look()).toEqual(before);
    expect(Object.keys(record.readState().containers)).toEqual(["a1", "b2"]);
  });

  test("leaves nothing behind, and names the record when that is damaged", async () => {
    await mkdir(join(folder, "state"));
    await writeFile(path, "this is no database, and long enough to be looked at".repeat(20));
    vi.stubEnv("TMPDIR", folder);
    try {
      const damaged = expect.objectContaining({ code: "K4010", message: expect.stringContaining(path) });
      expect(() => openRecordCopy({ path })).toThrow(damaged);
    } finally {
      vi.unstubAllEnvs();
    }
    expect(await readdir(folder)).toEqual(["state"]);
  });
});

describe("resolved Compose models", () => {
  test("go when 200 others were used later", () => {
    using record = openRecord({ path });
    record.saveComposeModel("used", model("used"));
    record.saveComposeModel("unused", model("unused"));
    for (let index = 0; index < 199; index++) {
      expect(record.readComposeModel("used")).toEqual(model("used"));
      record.saveComposeModel(`other-${index}`, model("other"));
    }
    expect(record.readComposeModel("unused")).toBeNull();
    expect(record.readComposeModel("used")).toEqual(model("used"));
    expect(record.readComposeModel("other-0")).toEqual(model("other"));
  });
});

describe("the journal", () => {
  test("knows what was begun and not finished, also in the next process", () => {
    let roundId: number;
    {
      using record = openRecord({ path });
      roundId = record.beginRound({ commit: "c1", startedAt: at });
      const operation = { roundId, kind: "place-files", resource: "files:lab-core/conf", startedAt: at };
      record.beginOperation({ ...operation, operationId: "#1", makes: [] });
      record.beginOperation({ ...operation, operationId: "#2", makes: [] });
      record.finishOperation({ roundId, operationId: "#1", finishedAt: at, result: "done" });
    }
    using record = openRecord({ path });
    expect(record.unfinishedOperations()).toEqual([
      { roundId, operationId: "#2", kind: "place-files", resource: "files:lab-core/conf", startedAt: at },
    ]);
    record.closeInterrupted(at);
    expect(record.unfinishedOperations()).toEqual([]);
    expect(rows("SELECT result FROM operations ORDER BY operation_id")).toEqual([
      { result: "done" },
      { result: "interrupted" },
    ]);
    expect(rows("SELECT result FROM rounds")).toEqual([{ result: "interrupted" }]);
  });

  test("tells of which services a round that is open was making containers, and which networks", () => {
    {
      using record = openRecord({ path });
      const operation = { kind: "create-containers", resource: "told to people", startedAt: at };
      const begin = (commit: string, created: Record<string, string[]>) => {
        const roundId = record.beginRound({ commit, startedAt: at });
        for (const [operationId, makes] of Object.entries(created)) {
          record.beginOperation({ ...operation, roundId, operationId, makes });
        }
        return roundId;
      };
      const finished = begin("c1", { "#1": ["lab-old/web"] });
      record.finishRound({ roundId: finished, finishedAt: at, result: "failed" });
      begin("c2", { "#1": ["lab-core/nginx"] });
      const roundId = begin("c3", { "#1": ["lab-core/a", "lab-core/b.c"], "#2": ["lab-core/nginx"] });
      record.finishOperation({ roundId, operationId: "#1", finishedAt: at, result: "done" });
      const start = { kind: "start-service", resource: "service:lab-core/other", makes: [] };
      record.beginOperation({ ...operation, ...start, roundId, operationId: "#3" });
      const network = { kind: "create-network", makes: ["lab-core_inner"] };
      record.beginOperation({ ...operation, ...network, roundId, operationId: "#4" });
    }
    using record = openRecord({ path });
    expect(record.readState().openServices).toEqual(["lab-core/a", "lab-core/b.c", "lab-core/nginx"]);
    expect(record.readState().openNetworks).toEqual(["lab-core_inner"]);
    record.closeInterrupted(at);
    expect(record.readState()).toMatchObject({ openServices: [], openNetworks: [] });
  });

  test("when services were started again is known since their containers were made", () => {
    using record = openRecord({ path });
    const seconds = (count: number) => new Date(Date.parse(at) + count * 1000).toISOString();
    let count = 0;
    const round = (...operations: { kind: string; service: string; result: "done" | "failed" }[]) => {
      const roundId = record.beginRound({ commit: "c1", startedAt: at });
      for (const { kind, service, result } of operations) {
        const entry = { roundId, operationId: `#${++count}` };
        const makes = kind === "create-containers" ? [service] : [];
        const resource = `service:${service}`;
        record.beginOperation({ ...entry, kind, resource, makes, startedAt: seconds(count) });
        record.finishOperation({ ...entry, finishedAt: at, result });
      }
      record.finishRound({ roundId, finishedAt: at, result: "done" });
    };
    const make = { kind: "create-containers", service: "lab-core/web", result: "done" } as const;
    const start = { kind: "start-service", service: "lab-core/web", result: "done" } as const;
    round(make, start);
    expect(record.readState().starts).toEqual({});
    round(start, { ...start, service: "lab-core/api" });
    round({ ...start, result: "failed" });
    round(start);
    expect(record.readState().starts).toEqual({
      "lab-core/web": [seconds(3), seconds(6)],
      "lab-core/api": [seconds(4)],
    });
    round(make, start);
    expect(record.readState().starts).toEqual({ "lab-core/api": [seconds(4)] });
  });

  test("a round that ended keeps its result, also when what was open was closed before", () => {
    using record = openRecord({ path });
    const roundId = record.beginRound({ commit: "c1", startedAt: at });
    record.closeInterrupted(at);
    record.finishRound({ roundId, finishedAt: at, result: "done" });
    expect(rows("SELECT result FROM rounds")).toEqual([{ result: "done" }]);
  });

  test("keeps 50 rounds with their operations", () => {
    using record = openRecord({ path });
    for (let index = 0; index < 53; index++) {
      const roundId = record.beginRound({ commit: `c${index}`, startedAt: at });
      record.beginOperation({
        roundId,
        operationId: "#1",
        kind: "k",
        resource: "r",
        makes: [],
        startedAt: at,
      });
      record.finishOperation({ roundId, operationId: "#1", finishedAt: at, result: "done" });
      record.finishRound({ roundId, finishedAt: at, result: "done" });
    }
    expect(rows("SELECT commit_id FROM rounds ORDER BY id LIMIT 1")).toEqual([{ commit_id: "c3" }]);
    expect(rows("SELECT count(*) AS n FROM rounds")).toEqual([{ n: 50 }]);
    expect(rows("SELECT count(*) AS n FROM operations")).toEqual([{ n: 50 }]);
    expect(rows("SELECT count(*) AS n FROM rounds WHERE result = 'done'")).toEqual([{ n: 50 }]);
  });
});

describe("a record that cannot be used", () => {
  test.each([
    ["other bytes", (file: string) => writeFile(file, "x".repeat(5000))],
    ["a few bytes", (file: string) => writeFile(file, "SQLite")],
    ["half of it", async (file: string) => truncate(file, (await stat(file)).size / 2)],
  ])("K4010 for %s: it is set aside as it is, and the next one begins empty", async (_name, damage) => {
    {
      using record = openRecord({ path });
      fillRecord(record);
    }
    await damage(path);
    const before = await readFile(path);
    const use = (open: typeof openRecord) => () => {
      using record = open({ path });
      record.readState();
      record.saveApplied(applied);
    };
    // A command that only reads changes nothing.
    expect(use(openRecordCopy)).toThrow(expect.objectContaining({ code: "K4010" }));
    expect((await readFile(path)).equals(before)).toBe(true);

    const says = expect.stringContaining(`was set aside as ${path}.damaged-`);
    expect(use(openRecord)).toThrow(
      expect.objectContaining({ code: "K4010", outcome: { kind: "transient" }, message: says }),
    );
    const [aside = ""] = await readdir(join(folder, "state"));
    expect(aside).toMatch(/^record\.db\.damaged-[0-9T.]+Z$/);
    expect((await readFile(join(folder, "state", aside))).equals(before)).toBe(true);
    using next = openRecord({ path });
    expect(next.readState()).toEqual(emptyRecord);
  });

  test.each([
    ["another program's tables", "CREATE TABLE moz_places (id INTEGER)", 0],
    ["another program's tables of a high version", "CREATE TABLE moz_places (id INTEGER)", 77],
    ["another program's tables of our version", "CREATE TABLE moz_places (id INTEGER)", schemaVersion],
    ["another program's tables of an earlier version", "CREATE TABLE moz_places (id INTEGER)", 1],
    ["another program's table of our name", "CREATE TABLE containers (name TEXT)", 0],
    ["a negative version", "CREATE TABLE moz_places (id INTEGER)", -1],
    ["no tables, but our version", "", schemaVersion],
  ])("K4017 for %s: it is set aside as it is, and the next one begins empty", async (_name, sql, version) => {
    openRecord({ path }).close();
    await rm(path);
    change(`${sql}; PRAGMA user_version = ${version}`);
    expect(await useForeign()).toEqual(emptyRecord);
  });

  test.each([
    ["a table is missing", "DROP TABLE service_parts"],
    ["a column is missing", "ALTER TABLE containers DROP COLUMN service"],
    ["a column has another name", "ALTER TABLE applied RENAME COLUMN value TO text"],
    [
      "a column is too much",
      "DROP TABLE containers; CREATE TABLE containers (id, project, service, more NOT NULL)",
    ],
    ["a trigger refuses", "CREATE TRIGGER no BEFORE INSERT ON applied BEGIN SELECT RAISE(ABORT, 'no'); END"],
  ])("K4017 for tables of which %s", async (_name, sql) => {
    openRecord({ path }).close();
    change(sql);
    expect(await useForeign()).toEqual(emptyRecord);
  });

  /** The errors of opening a copy, of a use, and of the use after that. */
  async function useForeign() {
    const tables = "SELECT name, sql FROM sqlite_schema ORDER BY name";
    const before = rows(tables);
    const use = (open: typeof openRecord) => () => {
      using record = open({ path });
      record.readState();
      record.saveApplied(applied);
      record.rememberContainers([{ id: "a1", project: "p", service: "s" }]);
    };
    expect(use(openRecordCopy)).toThrow(expect.objectContaining({ code: "K4017" }));
    expect(rows(tables)).toEqual(before);
    const says = expect.stringContaining(`was set aside as ${path}.damaged-`);
    expect(use(openRecord)).toThrow(
      expect.objectContaining({ code: "K4017", outcome: { kind: "transient" }, message: says }),
    );
    const aside = (await readdir(join(folder, "state"))).find((name) => name.endsWith("Z")) ?? "";
    using kept = new DatabaseSync(join(folder, "state", aside));
    expect(kept.prepare(tables).all()).toEqual(before);
    using next = openRecord({ path });
    return next.readState();
  }

  test("what is none of our values, but JSON, is damaged inside too", () => {
    using record = openRecord({ path });
    fillRecord(record);
    change("UPDATE applied SET value = '{}'");
    expect(() => record.readState()).toThrow(expect.objectContaining({ code: "K4010" }));
  });

  test("an empty file begins empty: a round was killed when it had just made it", async () => {
    openRecord({ path }).close();
    await writeFile(path, "");
    using record = openRecord({ path });
    expect(record.readState()).toEqual(emptyRecord);
    expect(await readdir(join(folder, "state"))).not.toContain("record.db.damaged");
  });

  test("K4010 for a value that is damaged inside, from then on; then it is set aside", async () => {
    using record = openRecord({ path });
    fillRecord(record);
    change("UPDATE applied SET value = '{'");
    const save = () => record.saveServiceParts("lab-core/nginx", { algorithm: "v1", parts: {} });
    for (const use of [() => record.readState(), save]) {
      expect(use).toThrow(expect.objectContaining({ code: "K4010" }));
    }
    record.close();
    using next = openRecord({ path });
    expect(next.readState()).toEqual(emptyRecord);
    const kept = await readdir(join(folder, "state"));
    expect(kept.filter((name) => name.includes(".damaged-")).length).toBe(1);
  });

  test("K4010 waits for a human once ten were set aside: no disk is filled with them", async () => {
    const open = () => openRecord({ path });
    open().close();
    await writeFile(path, "x".repeat(5000));
    for (let count = 0; count < 10; count++)
      await writeFile(`${path}.damaged-2026112${count}T000000.000Z`, "");
    expect(open).toThrow(expect.objectContaining({ code: "K4010", outcome: { kind: "stalled" } }));
    expect(await readFile(path, "utf8")).toContain("xxx");
  });

  test("K4011 for a newer one, and it is left as it is", async () => {
    openRecord({ path }).close();
    change(`PRAGMA user_version = ${schemaVersion + 1}`);
    const before = await readFile(path);
    expect(() => openRecord({ path })).toThrow(
      expect.objectContaining({ code: "K4011", outcome: { kind: "stalled" } }),
    );
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  test("K4012 for a folder in its place, and for a file in its folder's place", async () => {
    await mkdir(path, { recursive: true });
    expect(() => openRecord({ path })).toThrow(expect.objectContaining({ code: "K4012" }));
    await writeFile(join(folder, "file"), "");
    expect(() => openRecord({ path: join(folder, "file", "record.db") })).toThrow(
      expect.objectContaining({ code: "K4012" }),
    );
  });

  test("K4004 when it may not be opened", async () => {
    openRecord({ path }).close();
    await chmod(path, 0);
    const open = () => asOrdinaryUser(() => openRecord({ path }));
    expect(open).toThrow(expect.objectContaining({ code: "K4004" }));
  });

  test.skipIf(geteuid?.() !== 0)("K4001 on a full disk, and the last state stays (needs root)", async () => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    await promisify(execFile)("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", disk]);
    try {
      using record = openRecord({ path: join(disk, "record.db") });
      fillRecord(record);
      const huge = { algorithm: "v1", parts: { image: "x".repeat(1024 * 1024) } };
      expect(() => record.saveServiceParts("lab-core/nginx", huge)).toThrow(
        expect.objectContaining({ code: "K4001" }),
      );
      expect(record.readState().serviceParts).toEqual({
        "lab-core/nginx": { algorithm: "v1", parts: { image: "nginx:1", compose: "x" } },
      });
      record.close();
      await promisify(execFile)("mount", ["-o", "remount,ro", disk]);
      expect(() => openRecord({ path: join(disk, "other.db") })).toThrow(
        expect.objectContaining({ code: "K4002" }),
      );
    } finally {
      await promisify(execFile)("umount", [disk]);
    }
  });

  test.skipIf(geteuid?.() !== 0).each([
    { what: "full", make: "size=512k", end: fillDisk, code: "K4001" },
    { what: "out of inodes", make: "size=32m,nr_inodes=16", end: fillDisk, code: "K4001" },
    { what: "read-only", make: "size=512k", end: remountReadOnly, code: "K4002" },
  ])(
    "on a disk that is $what what was stopped can be started, nothing else (needs root)",
    async ({ make, end, code }) => {
      const disk = join(folder, "disk");
      const file = join(disk, "record.db");
      await mkdir(disk);
      await promisify(execFile)("mount", ["-t", "tmpfs", "-o", make, "tmpfs", disk]);
      try {
        {
          using record = openRecord({ path: file });
          fillRecord(record);
          record.saveFollowed([followed]);
        }
        await end(disk);
        const names = await readdir(disk);
        using record = openRecord({ path: file });
        expect(record.readState().applied).toEqual(applied);
        record.saveFollowed([{ branch: "main", commit: "b".repeat(40) }]);
        const roundId = record.beginRound({ commit: "c", startedAt: at });
        const begun = { roundId, operationId: "#1", startedAt: at };
        const operation = { ...begun, resource: "service:lab-core/nginx", makes: [] };
        record.beginOperation({ ...operation, kind: "start-service" });
        record.finishOperation({ ...operation, finishedAt: at, result: "done" });
        const refused = [
          () => record.beginOperation({ ...operation, operationId: "#2", kind: "create-containers" }),
          () => record.acceptRevision(followed),
          () => record.closeInterrupted(at),
        ];
        for (const refuse of refused) expect(refuse).toThrow(expect.objectContaining({ code }));
        expect(await readdir(disk)).toEqual(names);
        expect(() => openRecord({ path: join(disk, "other.db") })).toThrow(expect.objectContaining({ code }));
      } finally {
        await promisify(execFile)("umount", [disk]);
      }
    },
  );

  test("K4012 when another program keeps it busy", () => {
    using record = openRecord({ path });
    using other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    expect(() => record.saveApplied(applied)).toThrow(
      expect.objectContaining({ code: "K4012", outcome: { kind: "transient" } }),
    );
    expect(record.readState()).toEqual(emptyRecord);
  });

  test("a statement of ours that is wrong is a bug and no state of the disk", () => {
    using record = openRecord({ path });
    const orphan = { roundId: 7, operationId: "#1", kind: "k", resource: "r", makes: [], startedAt: at };
    expect(() => record.beginOperation(orphan)).toThrow(/FOREIGN KEY/);
  });
});

describe("a record of the first format", () => {
  beforeEach(async () => {
    await mkdir(join(folder, "state"));
    change(await readFile(new URL("fixtures/record-1.sql", import.meta.url), "utf8"));
  });

  const state = {
    containers: { a1: { project: "lab-core", service: "nginx" } },
    applied: { ...applied, instanceOrder: ["core"], dependsOn: { "lab-core/nginx": [] } },
    attempted: "c".repeat(40),
    accepted: {},
    limits: {},
    jobsAtWork: [],
    serviceParts: { "lab-core/nginx": { algorithm: "v1", parts: { image: "nginx:1" } } },
    networks: {},
    volumes: {},
    folders: {},
    renewed: {},
    openServices: ["lab-core/nginx"],
    openNetworks: [],
    starts: {},
    crashes: {},
  };

  test("keeps all that it has, and takes what is new", () => {
    {
      using record = openRecord({ path });
      expect(record.readState()).toEqual(state);
      expect(record.readFollowed()).toEqual([]);
      record.saveFollowed([followed]);
    }
    using record = openRecord({ path });
    expect(record.readState()).toEqual(state);
    expect(record.readComposeModel("inputs")).toEqual(model("lab-core"));
    expect(record.unfinishedOperations()).toMatchObject([{ roundId: 1, operationId: "#1" }]);
    expect(record.readFollowed()).toEqual([{ ...followed, accepted: null }]);
    expect(rows("PRAGMA user_version")).toEqual([{ user_version: schemaVersion }]);
  });

  test("is left as it is when a copy is opened", async () => {
    const before = await readFile(path);
    const copy = openRecordCopy({ path });
    expect(copy.readFollowed()).toEqual([]);
    expect(copy.readState()).toEqual(state);
    copy.close();
    expect((await readFile(path)).equals(before)).toBe(true);
    expect(rows("PRAGMA user_version")).toEqual([{ user_version: 1 }]);
  });
});

test("jobs that run by a schedule are known, each change by itself", () => {
  const times = (hour: number) => `2026-11-30T0${hour}:00:00.000Z`;
  const defined = {
    instance: "web",
    service: "backup",
    cron: "0 * * * *",
    timeZone: "UTC",
    timeoutMs: 60_000,
  };
  const [backup, other] = [
    { ...defined, name: "lab-web/backup", accountedAt: times(1) },
    { ...defined, name: "lab-other/backup", accountedAt: times(1) },
  ];
  const result = { dueAt: times(2), startedAt: times(2), seconds: 1.5, exitCode: 0, said: "" };
  {
    using record = openRecord({ path });
    expect(record.readScheduledJobs()).toEqual([]);
    record.saveScheduledJobs([backup, other]);
    record.beginRun(backup.name, { dueAt: times(2), startedAt: times(2) });
    record.addMissedRuns(other.name, { count: 2, accountedAt: times(3) });
    // What is desired as before changes nothing of what is known.
    record.saveScheduledJobs([{ ...other, accountedAt: times(9), timeoutMs: 5_000 }]);
  }
  using record = openRecord({ path });
  expect(record.readScheduledJobs()).toEqual([
    { ...other, accountedAt: times(3), timeoutMs: 5_000, missed: 2, running: null, last: null },
    {
      ...backup,
      accountedAt: times(2),
      missed: 0,
      running: { dueAt: times(2), startedAt: times(2) },
      last: null,
    },
  ]);
  record.addMissedRuns(backup.name, { count: 1, accountedAt: times(3) });
  record.endRun(backup.name, result);
  record.saveScheduledJobs([{ ...other, cron: "5 * * * *", accountedAt: times(9) }]);
  expect(record.readScheduledJobs()).toEqual([
    { ...other, cron: "5 * * * *", accountedAt: times(9), missed: 0, running: null, last: null },
    { ...backup, accountedAt: times(3), missed: 0, running: null, last: result },
  ]);
  record.forgetScheduledJobs([other.name]);
  expect(record.readScheduledJobs().map(({ name }) => name)).toEqual([backup.name]);
});

test("a round of the version before that was killed is known by what it was making", async () => {
  await mkdir(join(folder, "state"));
  change(await readFile(new URL("fixtures/record-4.sql", import.meta.url), "utf8"));
  using record = openRecord({ path });
  expect(record.readState()).toMatchObject({
    openServices: ["lab-core/a", "lab-core/b.c", "lab-core/nginx"],
    openNetworks: ["lab-core_inner"],
  });
  expect(record.unfinishedOperations()).toMatchObject([{ operationId: "#4" }, { operationId: "#5" }]);
  record.closeInterrupted(at);
  expect(record.readState()).toMatchObject({ openServices: [], openNetworks: [] });
});

test("volumes of the version before that nothing used have been given up by nobody", async () => {
  await mkdir(join(folder, "state"));
  change(await readFile(new URL("fixtures/record-8.sql", import.meta.url), "utf8"));
  using record = openRecord({ path });
  expect(record.readState().volumes).toEqual({
    "lab-core_data": { users: ["core/db"], package: "sample/core", state: "used" },
    "lab-old_data": { users: ["old/db"], package: "sample/old", state: "unused" },
  });
});

test("what was saved is there after a SIGKILL, and two that start at once make one record", async () => {
  const door = JSON.stringify(new URL("./index.ts", import.meta.url).href);
  const program = `
    import { openRecord } from ${door};
    const [path, id] = process.argv.slice(1);
    openRecord({ path }).rememberContainers([{ id, project: "p", service: "s" }]);
    process.kill(process.pid, "SIGKILL");`;
  const ids = ["a", "b", "c", "d"];
  await Promise.all(
    ids.map(async (id) => {
      const child = spawn(execPath, ["--input-type=module", "-e", program, "--", path, id], {
        stdio: ["ignore", "ignore", "inherit"],
        timeout: 120_000,
      });
      expect(await once(child, "close")).toEqual([null, "SIGKILL"]);
    }),
  );
  using record = openRecord({ path });
  expect(Object.keys(record.readState().containers)).toEqual(ids);
});

function rows(query: string): Record<string, unknown>[] {
  using database = new DatabaseSync(path);
  return database
    .prepare(query)
    .all()
    .map((row) => ({ ...row }));
}

function change(statement: string): void {
  using database = new DatabaseSync(path);
  database.exec(statement);
}

/** Root may open everything. */
function asOrdinaryUser<T>(task: () => T): T {
  if (geteuid?.() !== 0) return task();
  seteuid?.(65534);
  try {
    return task();
  } finally {
    seteuid?.(0);
  }
}

async function remountReadOnly(disk: string): Promise<void> {
  await promisify(execFile)("mount", ["-o", "remount,ro", disk]);
}

/** Takes its last block or its last inode. */
async function fillDisk(disk: string): Promise<void> {
  const take = async (name: string, bytes: number) =>
    writeFile(join(disk, name), new Uint8Array(bytes)).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === "ENOSPC",
    );
  let isFull = await take("filler", 8 * 1024 * 1024);
  for (let count = 0; !isFull; count++) isFull = await take(`empty-${count}`, 0);
}
