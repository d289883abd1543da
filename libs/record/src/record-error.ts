import { accessSync, constants, statfsSync } from "node:fs";
import { dirname } from "node:path";

import { KeelsonError, stalled } from "@keelson/model";

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
/** Error, constraint, mismatch, misuse, range: statements of ours that are wrong. */
const bugs: readonly unknown[] = [1, 19, 20, 21, 25];

function recordError(path: string, error: unknown): unknown {
  if (error instanceof KeelsonError) return error;
  const code = codeOf(error);
  if (error instanceof SyntaxError) return damagedRecord(path, error);
  if (code === undefined || bugs.includes(code)) return error;
  if (code === sqlite.corrupt || code === sqlite.notADatabase) return damagedRecord(path, error);
  if (code === sqlite.full || code === "ENOSPC" || code === "EDQUOT" || isFull(path, code)) {
    return new KeelsonError({
      code: "K4001",
      message: `the disk is full: the record ${path} cannot be written`,
      hint: "Free some space; the next round goes on by itself.",
      cause: error,
    });
  }
  if (code === sqlite.readonly || code === "EROFS") {
    return new KeelsonError({
      code: "K4002",
      message: `the record ${path} is on a read-only file system or is write-protected`,
      hint: "Remount the file system for writing (dmesg may say why it is not), or mend the file's mode.",
      cause: error,
    });
  }
  if (code === sqlite.perm || code === "EACCES" || code === "EPERM" || isForbidden(path, code)) {
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
    hint: "It is tried again. If it stays so, check that it is an ordinary file, and look for a failing disk or a program that holds it.",
    cause: error,
  });
}

/** K4010. It is moved by a human and not by us: whoever looks after the node should know of it. */
function damagedRecord(path: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K4010",
    message: `the record ${path} is damaged`,
    hint: `Move ${path}, ${path}-wal and ${path}-shm aside and start again: what is lost is rebuilt from labels and files.`,
    outcome: stalled,
    cause,
  });
}

/** SQLite calls it a disk error when there is no room for the index of its log, which it makes also for reading. */
function isFull(path: string, code: unknown): boolean {
  if (code !== sqlite.ioError) return false;
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize < logIndexBytes;
}

/** Of a page of that index: https://sqlite.org/walformat.html, 2.1. */
const logIndexBytes = 32 * 1024;

/** SQLite says only that it cannot open a file, whatever the reason is. */
function isForbidden(path: string, code: unknown): boolean {
  if (code !== sqlite.cantOpen) return false;
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return false;
  } catch (error) {
    return codeOf(error) === "EACCES";
  }
}

/** SQLite's primary result code, or the system's error code. */
function codeOf(error: unknown): number | string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("errcode" in error && typeof error.errcode === "number") return error.errcode & 0xff;
  if ("code" in error && typeof error.code === "string" && /^E[A-Z0-9]+$/.test(error.code)) return error.code;
  return undefined;
}
