import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { basename } from "node:path";

/** A process that holds the lock. */
export interface LockHolder {
  pid: number;
  /** File name of its program, such as `docker-compose`. */
  program: string;
  /** Whether it runs a program of our name: an agent, and not what an agent has started. */
  isOurProgram: boolean;
}

/** Who holds a node's lock, for whoever only wants to know; nobody when it was never taken. */
export function findLockHolders(path: string): LockHolder[] {
  return existsSync(path) ? findHolders(path) : [];
}

/**
 * The processes that hold a flock(2) on this file, as far as we may look at them. The kernel knows it exactly (the
 * `lock:` lines of proc_pid_fdinfo(5)), so nothing about the holder has to be written anywhere.
 */
export function findHolders(path: string): LockHolder[] {
  const lockFile = realpathSync(path);
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => holdsLock(pid, lockFile)).map((pid) => describeProcess(pid));
}

function holdsLock(pid: string, lockFile: string): boolean {
  const descriptors = ifVisible(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return descriptors.some((descriptor) => {
    // The link's text is compared and not followed: a descriptor on a dead network file system would hang us.
    const target = ifVisible(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
    if (target !== lockFile) return false;
    const info = ifVisible(() => readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, "latin1")) ?? "";
    return /^lock:.*\bFLOCK\b.*\bWRITE\b/m.test(info);
  });
}

function describeProcess(pid: string): LockHolder {
  const program = programOf(pid);
  // By its name only: the agent and the command may each have a Node of their own.
  return { pid: Number(pid), program: program ?? "a program", isOurProgram: program === programOf("self") };
}

function programOf(pid: string): string | undefined {
  const path = ifVisible(() => readlinkSync(`/proc/${pid}/exe`));
  return path === undefined ? undefined : basename(path.replace(/ \(deleted\)$/, ""));
}

/** Undefined for what has ended meanwhile or belongs to another user. */
export function ifVisible<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM") return undefined;
    throw error;
  }
}
