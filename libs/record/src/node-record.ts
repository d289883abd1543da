import { closeSync, constants, copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { KeelsonError } from "@keelson/model";

import { openComposeCache } from "./compose-cache.ts";
import { foreignRecord, isUnusable, setAside } from "./damaged-record.ts";
import { openFollowing } from "./following.ts";
import { openJournal } from "./journal.ts";
import { openMemory } from "./memory.ts";
import { openPrivateFile } from "./private-file.ts";
import { isStatementError, onRecord, requireRoom } from "./record-error.ts";
import { hasOwnTables, migrate } from "./schema.ts";
import type { NodeRecord } from "./record.ts";
import { openScheduledJobs } from "./scheduled-jobs.ts";
import { isUnwritable, keepToWhatRuns } from "./unwritable-record.ts";

const busyTimeoutMs = 2_000;

/**
 * Opens the record at this path, or makes an empty one (0600, its folder 0700). A record that turns out to be damaged
 * or foreign, now or later, is closed and set aside with that error, so that the next one begins empty. On a full or
 * read-only disk (K4001, K4002) returns a copy in memory, with which a round can only start what stopped. Throws K4011
 * when a newer Keelson wrote the record, and whatever `NodeRecord` throws.
 */
export function openRecord({ path }: { path: string }): NodeRecord {
  const isThere = existsSync(path);
  try {
    if (isThere) onRecord(path, () => requireRoom(path));
    return openFile(path, { path, isOwn: true });
  } catch (error) {
    if (!isThere || !isUnwritable(error) || !existsSync(memoryFolder)) throw error;
    return keepToWhatRuns(copyInto(memoryFolder, path), error);
  }
}

/**
 * Opens a copy of the record as it is now, for commands that change nothing. Reading and writing the copy touches
 * neither the record nor its folder, where SQLite would make files. Throws what `openRecord` throws.
 */
export function openRecordCopy({ path }: { path: string }): NodeRecord {
  return copyInto(tmpdir(), path);
}

/** In memory and on no disk, on every Linux (shm_overview(7)). */
const memoryFolder = "/dev/shm";

function copyInto(parent: string, path: string): NodeRecord {
  const folder = onRecord(path, () => mkdtempSync(join(parent, "keelson-record-copy-")));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const file = join(folder, "record.db");
    onRecord(path, () => copyRecord(path, file));
    const record = openFile(file, { path, isOwn: false });
    const close = () => {
      record.close();
      remove();
    };
    return { ...record, close, [Symbol.dispose]: close };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Copies the write-ahead log too, in which a killed round may have left commits. */
function copyRecord(path: string, file: string): void {
  copyFileSync(path, file);
  if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${file}-wal`);
}

/**
 * `path` stands in errors. A damaged record is set aside only by the process that owns it, and not because of a copy.
 */
function openFile(file: string, { path, isOwn }: { path: string; isOwn: boolean }): NodeRecord {
  let damage: KeelsonError | null = null;
  let endUse = () => {};
  const attempt = <T>(task: () => T): T => {
    if (damage !== null) throw damage;
    try {
      return onRecord(path, task);
    } catch (error) {
      if (!isOwn || !isUnusable(error)) throw error;
      damage = error;
      endUse();
      throw (damage = onRecord(path, () => setAside(path, error)));
    }
  };
  const database = attempt(() => openDatabase(file, path));
  endUse = () => database.close();
  const inOne = <A extends unknown[], R>(method: (...args: A) => R) => {
    return (...args: A): R =>
      attempt(() =>
        onOwnTables(database, { path, task: () => inTransaction(database, () => method(...args)) }),
      );
  };
  const close = () => {
    if (database.isOpen) onRecord(path, () => database.close());
  };
  const memory = openMemory(database);
  const following = openFollowing(database);
  const cache = openComposeCache(database);
  const journal = openJournal(database);
  const jobs = openScheduledJobs(database);
  return {
    readState: inOne(memory.readState),
    rememberContainers: inOne(memory.rememberContainers),
    forgetContainers: inOne(memory.forgetContainers),
    acceptContainers: inOne(memory.acceptContainers),
    rememberLimits: inOne(memory.rememberLimits),
    noteCrashes: inOne(memory.noteCrashes),
    adopt: inOne(memory.adopt),
    release: inOne(memory.release),
    rememberNetworks: inOne(memory.rememberNetworks),
    forgetNetworks: inOne(memory.forgetNetworks),
    rememberVolumes: inOne(memory.rememberVolumes),
    forgetVolumes: inOne(memory.forgetVolumes),
    rememberFolders: inOne(memory.rememberFolders),
    forgetFolders: inOne(memory.forgetFolders),
    saveRenewed: inOne(memory.saveRenewed),
    noteLoss: inOne(memory.noteLoss),
    saveApplied: inOne(memory.saveApplied),
    amendApplied: inOne(memory.amendApplied),
    saveServiceParts: inOne(memory.saveServiceParts),
    forgetService: inOne(memory.forgetService),
    readFollowed: inOne(following.readFollowed),
    saveFollowed: inOne(following.saveFollowed),
    acceptRevision: inOne(following.acceptRevision),
    readComposeModel: inOne(cache.readComposeModel),
    saveComposeModel: inOne(cache.saveComposeModel),
    beginRound: inOne(journal.beginRound),
    finishRound: inOne(journal.finishRound),
    beginOperation: inOne(journal.beginOperation),
    finishOperation: inOne(journal.finishOperation),
    unfinishedOperations: inOne(journal.unfinishedOperations),
    closeInterrupted: inOne(journal.closeInterrupted),
    readScheduledJobs: inOne(jobs.readScheduledJobs),
    saveScheduledJobs: inOne(jobs.saveScheduledJobs),
    forgetScheduledJobs: inOne(jobs.forgetScheduledJobs),
    addMissedRuns: inOne(jobs.addMissedRuns),
    beginRun: inOne(jobs.beginRun),
    endRun: inOne(jobs.endRun),
    close,
    [Symbol.dispose]: close,
  };
}

function openDatabase(file: string, path: string): DatabaseSync {
  makePrivateRecord(file);
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  try {
    // Each commit is synced, so that a kill or a power loss at any step is harmless.
    database.exec("PRAGMA synchronous = FULL");
    onOwnTables(database, { path, task: () => migrate(database, path) });
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Throws K4017 when a task fails because the tables are not Keelson's. Checks them only after a failure, so that a
 * round with nothing to do does not pay for it.
 */
function onOwnTables<T>(database: DatabaseSync, { path, task }: { path: string; task: () => T }): T {
  try {
    return task();
  } catch (error) {
    throw isStatementError(error) && !hasOwnTables(database) ? foreignRecord(path, error) : error;
  }
}

/**
 * Makes the file with mode 0600, which its -wal and -shm files take over. SQLite itself would let everybody read it.
 */
function makePrivateRecord(path: string): void {
  try {
    // Do not even open an existing file: closing it would drop this process' other locks on it
    // (https://sqlite.org/howtocorrupt.html, 2.2).
    closeSync(openPrivateFile(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

/** A deferred transaction, so that a method that only reads takes no write lock. */
function inTransaction<T>(database: DatabaseSync, task: () => T): T {
  database.exec("BEGIN");
  try {
    const result = task();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
