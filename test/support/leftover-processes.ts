import { readFile, readdir } from "node:fs/promises";
import { codeOf } from "./foreign-error.ts";
import { outputOf } from "./program.ts";
import { waitFor } from "./wait-for.ts";

/** Whether a process runs; one that has ended and waits for its parent to notice does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readProcess(pid, "stat");
  // The state follows the name, which is in parentheses and may hold anything (proc_pid_stat(5)).
  return stat !== undefined && !/^ [ZX]/.test(stat.slice(stat.lastIndexOf(")") + 1));
}

/** Kills a process unless it has ended and returns once it has. */
export async function endProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
  await waitFor(async () => !(await isRunning(pid)), { what: `process ${pid} to end` });
}

/** Kills every process that has one of the texts in its command line or environment, and their children. */
export async function endProcessesNaming(texts: readonly string[]): Promise<void> {
  const processes = await listProcesses();
  const named = new Set<number>();
  for (const { pid, commandLine } of processes) {
    const told = `${commandLine}${(await readProcess(pid, "environ")) ?? ""}`;
    if (texts.some((text) => told.includes(text))) named.add(pid);
  }
  for (const { pid, parent } of processes) {
    if (pid !== process.pid && (named.has(pid) || named.has(parent))) await endProcess(pid);
  }
}

/** Unmounts what is mounted inside the folder. */
export async function unmountAllIn(folder: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mounts", "utf8"))
    .split("\n")
    .map((line) => (line.split(" ")[1] ?? "").replaceAll("\\040", " "))
    .filter((path) => path.startsWith(`${folder}/`));
  for (const mount of mounts.toReversed()) await outputOf(["umount", mount]);
}

export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  /** The arguments, each followed by a space. */
  readonly commandLine: string;
}

/** Every process of the machine that this one can see. */
export async function listProcesses(): Promise<RunningProcess[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const processes = await Promise.all(
    pids.map(async (pid) => {
      const [stat, commandLine] = [await readProcess(pid, "stat"), await readProcess(pid, "cmdline")];
      if (stat === undefined || commandLine === undefined) return [];
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      // The kernel ends each argument with a NUL.
      return [{ pid, parent, commandLine: commandLine.replaceAll("\0", " ") }];
    }),
  );
  return processes.flat();
}

async function readProcess(pid: number, name: "stat" | "cmdline" | "environ"): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${name}`, "utf8");
  } catch (error) {
    // The first two mean that it ended meanwhile (between open and read for ESRCH), the last that it is another user's.
    if (["ENOENT", "ESRCH", "EACCES"].includes(codeOf(error) ?? "")) return undefined;
    throw error;
  }
}
