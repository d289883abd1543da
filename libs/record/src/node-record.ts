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
import { isUnwritable, keepToWhatRuns } from "./unwritable-record.ts";

const busyTimeoutMs = 2_000;

/**
 * Opens the record at this path; an empty one is made (0600, its folder 0700) when there is none. One that turns out to
 * be damaged or somebody else's, now or later, is closed and set aside with that error, so that the next one begins empty. Where the disk
 * takes nothing (K4001, K4002) it is a copy in memory, which lets a round start again what was stopped, and no more.
 * Throws K4011 when a newer Keelson wrote it, and whatever `NodeRecord` throws.
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
 * A copy of the record as it is now, for looking on: what is read from it and written to it never reaches the record,
 * nor the folder, in which SQLite would have files of its own. Throws what `openRecord` throws.
 */
export function openRecordCopy({ path }: { path: string }): NodeRecord {
  return copyInto(tmpdir(), path);
}

/** Held in memory and no disk, on every Linux (shm_overview(7)). */
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

/** With what a killed round has left in the write-ahead log. */
function copyRecord(path: string, file: string): void {
  copyFileSync(path, file);
  if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${file}-wal`);
}

/** `path` is what errors name; a copy's damage is left for the record's owner to deal with. */
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
  return {
    readState: inOne(memory.readState),
    rememberContainers: inOne(memory.rememberContainers),
    forgetContainers: inOne(memory.forgetContainers),
    acceptContainers: inOne(memory.acceptContainers),
    rememberNetworks: inOne(memory.rememberNetworks),
    forgetNetworks: inOne(memory.forgetNetworks),
    rememberVolumes: inOne(memory.rememberVolumes),
    forgetVolumes: inOne(memory.forgetVolumes),
    saveRenewed: inOne(memory.saveRenewed),
    saveApplied: inOne(memory.saveApplied),
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
    close,
    [Symbol.dispose]: close,
  };
}

function openDatabase(file: string, path: string): DatabaseSync {
  makePrivateRecord(file);
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  try {
    // A synced commit is what makes a kill or a power loss at any step harmless.
    database.exec("PRAGMA synchronous = FULL");
    onOwnTables(database, { path, task: () => migrate(database, path) });
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Throws K4017 for what fails because the tables are not ours. They are looked at only then: a round with nothing to do
 * does not pay for it.
 */
function onOwnTables<T>(database: DatabaseSync, { path, task }: { path: string; task: () => T }): T {
  try {
    return task();
  } catch (error) {
    throw isStatementError(error) && !hasOwnTables(database) ? foreignRecord(path, error) : error;
  }
}

/** SQLite would make it readable by all; its -wal and -shm files take over the mode. */
function makePrivateRecord(path: string): void {
  try {
    // One that is there must not even be opened: closing it would drop this process' other locks on it
    // (https://sqlite.org/howtocorrupt.html, 2.2).
    closeSync(openPrivateFile(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

/** Deferred, so that a method that only reads takes no lock for writing. */
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
