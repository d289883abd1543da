import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { basename } from "node:path";

/** A process that holds the lock. */
export interface LockHolder {
  pid: number;
  /** File name of its program, such as `docker-compose`. */
  program: string;
  /** Whether its program has the name of ours: then it is an agent or a command, and not what one has started. */
  isOurProgram: boolean;
}

/** The processes that hold a node's lock; none when the lock was never taken. Changes nothing. */
export function findLockHolders(path: string): LockHolder[] {
  return existsSync(path) ? findHolders(path) : [];
}

/**
 * The processes that hold a flock(2) on this file, as far as this user may see them. The kernel lists them exactly (the
 * `lock:` lines of proc_pid_fdinfo(5)), so the lock file itself can stay empty.
 */
export function findHolders(path: string): LockHolder[] {
  const lockFile = realpathSync(path);
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => holdsLock(pid, lockFile)).map((pid) => describeProcess(pid));
}

function holdsLock(pid: string, lockFile: string): boolean {
  const descriptors = ifVisible(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return descriptors.some((descriptor) => {
    // Compare the link's text and do not follow it: a descriptor on a dead network file system would hang this process.
    const target = ifVisible(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
    if (target !== lockFile) return false;
    const info = ifVisible(() => readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, "latin1")) ?? "";
    return /^lock:.*\bFLOCK\b.*\bWRITE\b/m.test(info);
  });
}

function describeProcess(pid: string): LockHolder {
  const program = programOf(pid);
  // By the file name only: the agent and the command may each have a Node of their own.
  return { pid: Number(pid), program: program ?? "a program", isOurProgram: program === programOf("self") };
}

function programOf(pid: string): string | undefined {
  const path = ifVisible(() => readlinkSync(`/proc/${pid}/exe`));
  return path === undefined ? undefined : basename(path.replace(/ \(deleted\)$/, ""));
}

/** Reads something of a process; undefined when the process has ended or belongs to another user. */
export function ifVisible<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM") return undefined;
    throw error;
  }
}
