import { getSystemErrorMessage } from "node:util";
import { KeelsonError, type SystemError, isSystemError, stalled } from "@keelson/model";

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
    hint: "Find out who put it there, and remove it; the next round then goes on. Links in the state folder are never followed.",
    outcome: stalled,
  });
}

/** K4006: a path in a document that leads elsewhere or means two things. */
export function refusedPath(path: string, why: string): KeelsonError {
  return new KeelsonError({
    code: "K4006",
    message: `the path ${JSON.stringify(path)} is refused: ${why}`,
    hint: "Correct it in the package's files; no part of it may be empty, be `.` or start with `..`.",
    outcome: stalled,
  });
}

/** K4009: a container wrote more than Keelson reads. */
export function tooManyOthers(path: string): KeelsonError {
  return new KeelsonError({
    code: "K4009",
    message: `a container has put more into ${path} than Keelson reads`,
    hint: "Remove what does not belong there, and give the program a volume for its data. Keelson keeps its own files there in place.",
  });
}

/** K4023: something, most often a container, keeps changing what an operation works on. */
export function exchangedEntry(path: string, cause?: SystemError): KeelsonError {
  return new KeelsonError({
    code: "K4023",
    message: `${path} was replaced again and again while Keelson put it in place`,
    hint: "The next round tries again. Find out which container writes there; it cannot write to a read-only bind (`:ro`).",
    cause: cause === undefined ? undefined : plainCause(cause),
  });
}

/** K4024: more than can be removed in one go. */
export function unfinishedRemoval(path: string): KeelsonError {
  return new KeelsonError({
    code: "K4024",
    message: `${path} holds more than could be removed in ${removalMs / 1000} s`,
    hint: "The next round goes on with it. If it never ends, find out which container writes there faster than Keelson removes.",
  });
}

/** How long one operation removes at most; thousands of entries take a tenth of a second. */
export const removalMs = 20_000;

/** Whether something else was where a folder of ours must be. */
export function isRefused(error: unknown): boolean {
  return error instanceof KeelsonError && error.code === "K4006";
}

/** Codes of the system for an entry that changed its kind, or went, between two calls. */
const exchangedCodes = ["ENOENT", "EEXIST", "ENOTDIR", "EISDIR", "ELOOP", "ENOTEMPTY", "EINVAL"];
const attemptsLimit = 16;

/**
 * Runs a task that works where a container can write, and starts it again each time that the container replaced something
 * meanwhile. Throws K4023, or K4006, after the last attempt.
 */
export async function insistOn<T>(path: string, task: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await task();
    } catch (error) {
      const first = firstOf(error);
      const isExchanged =
        isSystemError(first, ...exchangedCodes) ||
        (first instanceof KeelsonError && ["K4006", "K4023"].includes(first.code));
      if (!isExchanged) throw first;
      if (attempt === attemptsLimit) throw isSystemError(first) ? exchangedEntry(path, first) : first;
    }
  }
}

/** The first error of a task: the removal of a draft after it may fail for the same reason. */
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

function ioError(doing: string, error: SystemError): KeelsonError {
  return new KeelsonError({
    code: "K4003",
    message: `cannot ${doing}`,
    hint: "The next round tries again. If it fails again, look for a failing disk (dmesg), and check the permissions of the state folder.",
    cause: plainCause(error),
  });
}

/** The system's words without its path, which would be that of one of our descriptors. */
function plainCause(error: SystemError): Error {
  return new Error(`${error.syscall ?? "system call"}: ${getSystemErrorMessage(error.errno)}`);
}
