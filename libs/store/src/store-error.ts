import { getSystemErrorMessage } from "node:util";
import { KeelsonError, stalled } from "@keelson/model";

/** Runs a task that writes; `doing` completes "cannot …". Foreign errors become K4001 to K4004. */
export async function whileWriting<T>(doing: string, task: () => T | Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw writeError(doing, firstOf(error));
  }
}

/** Runs a task that reads. Whatever cannot be read is K4003: unknown is never absent. */
export async function whileReading<T>(doing: string, task: () => T | Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    const first = firstOf(error);
    throw isSystemError(first) ? ioError(doing, first) : first;
  }
}

/** K4006: something in the state folder that must not be there. */
export function refusedEntry(path: string, why: string): KeelsonError {
  return new KeelsonError({
    code: "K4006",
    message: `${path} is refused: ${why}`,
    hint: "Look who put it there: links in the state folder are never followed. Remove it, and the next round goes on.",
    outcome: stalled,
  });
}

/** K4006: a path in writing that leads elsewhere or means two things. */
export function refusedPath(path: string, why: string): KeelsonError {
  return new KeelsonError({
    code: "K4006",
    message: `the path ${JSON.stringify(path)} is refused: ${why}`,
    hint: "Correct it in the package's files; no part of it may be empty, be `.` or start with `..`.",
    outcome: stalled,
  });
}

/** Whether it is an error of the operating system, with one of these codes if any are given. */
export function isSystemError(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || !("errno" in error) || !("code" in error)) return false;
  return codes.length === 0 || codes.includes(String(error.code));
}

/** What went wrong first: putting away a draft after a failure may fail for the same reason. */
function firstOf(error: unknown): unknown {
  let first = error;
  while (first instanceof SuppressedError) first = first.suppressed;
  return first;
}

function writeError(doing: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  switch (error.code) {
    case "ENOSPC":
    case "EDQUOT":
      return new KeelsonError({
        code: "K4001",
        message: `the disk is full: cannot ${doing}`,
        hint: "Free some space or inodes (df, df -i); the next round goes on by itself.",
        cause: plainCause(error),
      });
    case "EROFS":
      return new KeelsonError({
        code: "K4002",
        message: `the file system is read-only: cannot ${doing}`,
        hint: "Remount it for writing; dmesg may say why it is read-only.",
        cause: plainCause(error),
      });
    case "EACCES":
    case "EPERM":
      return new KeelsonError({
        code: "K4004",
        message: `not permitted to ${doing}`,
        hint: "Run the agent as the user who owns the state folder, usually root; look for immutable files (lsattr).",
        cause: plainCause(error),
      });
    default:
      return ioError(doing, error);
  }
}

function ioError(doing: string, error: NodeJS.ErrnoException): KeelsonError {
  return new KeelsonError({
    code: "K4003",
    message: `cannot ${doing}`,
    hint: "It is tried again. If it stays so, look for a failing disk (dmesg) and at the permissions of the state folder.",
    cause: plainCause(error),
  });
}

/** The system's words without its path, which would be that of one of our descriptors. */
function plainCause(error: NodeJS.ErrnoException): Error {
  const reason = error.errno === undefined ? String(error.code) : getSystemErrorMessage(error.errno);
  return new Error(`${error.syscall ?? "system call"}: ${reason}`);
}
