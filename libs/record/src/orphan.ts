import { readFileSync, realpathSync } from "node:fs";
import { kill } from "node:process";

import { type LockHolder, findHolders, ifVisible } from "./lock-holder.ts";

/** The variable by which children of an agent differ from other programs that have locked the file. */
const markName = "KEELSON_LOCK";

/** For the environment of a child that inherits the lock at this path, which must be there. */
export function markOf(path: string): Record<string, string> {
  return { [markName]: realpathSync(path) };
}

/**
 * The processes that hold the lock although the agent that started them has ended; none while an agent holds it. A
 * foreign program that has locked the file is no orphan.
 */
export function findOrphans(path: string): LockHolder[] {
  const holders = findHolders(path);
  const [mark = ""] = Object.entries(markOf(path)).map((entry) => entry.join("="));
  return holders.some(({ isOurProgram }) => isOurProgram) ? [] : holders.filter((each) => bears(each, mark));
}

/** proc_pid_environ(5): the environment that a process was started with. */
function bears({ pid }: LockHolder, mark: string): boolean {
  const environment = ifVisible(() => readFileSync(`/proc/${pid}/environ`, "utf8")) ?? "";
  return environment.split("\0").includes(mark);
}

/** Sends the signal to each orphan, and returns those that were still there. */
export function signalOrphans(path: string, signal: "SIGTERM" | "SIGKILL"): LockHolder[] {
  return findOrphans(path).filter(({ pid }) => ifVisible(() => kill(pid, signal)) === true);
}
