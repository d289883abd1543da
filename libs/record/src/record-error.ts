import { accessSync, constants, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { geteuid } from "node:process";

import { KeelsonError } from "@keelson/model";

import { damagedRecord } from "./damaged-record.ts";

/** Runs a task on the record and translates what SQLite and the file system throw. */
export function onRecord<T>(path: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    throw recordError(path, error);
  }
}

// Primary result codes: https://sqlite.org/rescode.html
const sqlite = { perm: 3, readonly: 8, ioError: 10, corrupt: 11, full: 13, cantOpen: 14, notADatabase: 26 };
/** Error, constraint, mismatch, misuse, range: a statement of Keelson is wrong. */
const bugs: readonly unknown[] = [1, 19, 20, 21, 25];

/** Whether a statement did not fit the tables. */
export function isStatementError(error: unknown): boolean {
  return bugs.includes(codeOf(error));
}

function recordError(path: string, error: unknown): unknown {
  if (error instanceof KeelsonError) return error;
  const code = openFailure(path, codeOf(error));
  if (error instanceof SyntaxError) return damagedRecord(path, error);
  if (code === undefined || bugs.includes(code)) return error;
  if (code === sqlite.corrupt || code === sqlite.notADatabase) return damagedRecord(path, error);
  if (code === sqlite.full || code === "ENOSPC" || code === "EDQUOT" || isFull(path, code)) {
    return fullDisk(path, error);
  }
  if (code === sqlite.readonly || code === "EROFS") {
    return new KeelsonError({
      code: "K4002",
      message: `the record ${path} is on a read-only file system or is write-protected`,
      hint: "Remount the file system for writing (dmesg may say why it is read-only), or correct the file's mode.",
      cause: error,
    });
  }
  if (code === sqlite.perm || code === "EACCES" || code === "EPERM") {
    return new KeelsonError({
      code: "K4004",
      message: `the record ${path} may not be opened`,
      hint: "Run the agent as the user who owns the state folder, usually root.",
      cause: error,
    });
  }
  return new KeelsonError({
    code: "K4012",
    message: `the record ${path} cannot be read or written now`,
    hint: "The next round tries again. If the error stays, check that the record is an ordinary file, and look for a failing disk or a program that holds the record.",
    cause: error,
  });
}

/**
 * Enough for some commits and for what SQLite makes even to read: its log, and a page of the log's index
 * (walformat.html).
 */
const neededBytes = 128 * 1024;
const neededInodes = 4;

/** Throws K4001 when the disk may have no room for the journal of a round. */
export function requireRoom(path: string): void {
  const { bavail, bfree, bsize, files, ffree } = statfsSync(dirname(path));
  // Many file systems keep a reserve for root.
  const freeBytes = (geteuid?.() === 0 ? bfree : bavail) * bsize;
  if (freeBytes < neededBytes) throw fullDisk(path, new Error(`${freeBytes} bytes are free`));
  // File systems without a limit of inodes say 0.
  if (files > 0 && ffree < neededInodes) throw fullDisk(path, new Error(`${ffree} inodes are free`));
}

function fullDisk(path: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K4001",
    message: `the disk is full: the record ${path} cannot be written`,
    hint: "Free some space or inodes (df, df -i); the next round then works by itself.",
    cause,
  });
}

/** On a full disk, SQLite says "disk error" or "cannot open": then check the room. */
function isFull(path: string, code: unknown): boolean {
  if (code !== sqlite.ioError && code !== sqlite.cantOpen) return false;
  try {
    requireRoom(path);
    return false;
  } catch (error) {
    return error instanceof KeelsonError;
  }
}

/** SQLite says only that it cannot open a file. Returns the system's own code where the system gives one. */
function openFailure(path: string, code: number | string | undefined): number | string | undefined {
  if (code !== sqlite.cantOpen) return code;
  try {
    // SQLite makes files beside the record.
    accessSync(dirname(path), constants.W_OK);
    accessSync(path, constants.R_OK | constants.W_OK);
    return code;
  } catch (error) {
    const reason = codeOf(error);
    return reason === "EACCES" || reason === "EROFS" ? reason : code;
  }
}

/** SQLite's primary result code, or the system's error code. */
function codeOf(error: unknown): number | string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("errcode" in error && typeof error.errcode === "number") return error.errcode & 0xff;
  if ("code" in error && typeof error.code === "string" && /^E[A-Z0-9]+$/.test(error.code)) return error.code;
  return undefined;
}
