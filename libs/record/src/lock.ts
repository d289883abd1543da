import { spawn } from "node:child_process";
import { closeSync, constants } from "node:fs";
import { KeelsonError, stalled } from "@keelson/model";

import { type LockHolder, findHolders } from "./lock-holder.ts";
import { markOf, signalOrphans } from "./orphan.ts";
import { openPrivateFile } from "./private-file.ts";

export interface LockInput {
  /** The lock file. It is made (0600, its folder 0700) when it is missing, and never written or removed. */
  path: string;
  /** How long to wait while another process holds the lock; 0 tries once. */
  waitMs: number;
  /** Ends the waiting; its reason is thrown. */
  signal?: AbortSignal;
  /** How long a child of a killed agent may go on before it is ended; 20 s by default. */
  orphanPatienceMs?: number;
  /** Called for each child that is ended. */
  onOrphan?: (orphan: LockHolder) => void;
}

export interface NodeLock {
  /** For children that the next round must wait for: they inherit it and hold the lock until they end. */
  readonly fd: number;
  /** For the environment of those children: by it the next round recognises what a killed agent has left. */
  readonly mark: Record<string, string>;
  /** Gives the lock up. Children that still run go on holding it. */
  release: () => void;
}

/**
 * Takes the node's lock, so that one round at a time runs on a node. The lock is a flock(2) on an open file
 * description: the kernel frees it when the last process that has the descriptor ends, however that ended. Throws K4020
 * when another process holds the lock, K4021 when there is no `flock` program, K4022 when the lock cannot be taken for
 * another reason.
 */
export async function acquireLock(input: LockInput): Promise<NodeLock> {
  const { path } = input;
  input.signal?.throwIfAborted();
  const fd = openLockFile(path);
  let isHeld = false;
  try {
    const ended = await waitForLock(fd, input);
    if (ended.exitCode === conflictExitCode) throw heldByAnother(path);
    if (ended.exitCode !== 0) throw notLockable(path, new Error(`flock ended with ${describe(ended)}`));
    isHeld = true;
  } catch (error) {
    if (error instanceof KeelsonError || input.signal?.aborted === true) throw error;
    throw notLockable(path, error);
  } finally {
    if (!isHeld) closeSync(fd);
  }
  let isReleased = false;
  return {
    fd,
    mark: markOf(path),
    release: () => {
      // A second close could hit a descriptor that another file got meanwhile.
      if (!isReleased) closeSync(fd);
      isReleased = true;
    },
  };
}

interface FlockEnd {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
}

const conflictExitCode = 75;
/** How much longer than its own time limit `flock` may take, for its start and end. */
const graceMs = 10_000;

/** Compose ends by itself within seconds, unless a container or the engine does not answer. */
const defaultPatienceMs = 20_000;

/**
 * Waits for the lock, and ends what a killed agent has left when it holds the lock for too long: a child that hangs
 * must not keep a node from being healed. The next round does what is missing, also after a Compose that was ended
 * midway.
 */
async function waitForLock(fd: number, input: LockInput): Promise<FlockEnd> {
  const { path, waitMs, orphanPatienceMs: patienceMs = defaultPatienceMs, onOrphan } = input;
  const endMs = performance.now() + waitMs;
  const leftMs = (longestMs = Infinity) =>
    Math.min(longestMs, Math.max(0, Math.ceil(endMs - performance.now())));
  let ended = await runFlock(fd, { ...input, waitMs: Math.min(waitMs, patienceMs) });
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (ended.exitCode !== conflictExitCode || leftMs() === 0) return ended;
    const orphans = signalOrphans(path, signal);
    if (signal === "SIGTERM") for (const orphan of orphans) onOrphan?.(orphan);
    ended = await runFlock(fd, {
      ...input,
      waitMs: orphans.length === 0 ? leftMs() : leftMs(Math.min(graceMs, patienceMs)),
    });
  }
  return ended.exitCode === conflictExitCode && leftMs() > 0
    ? runFlock(fd, { ...input, waitMs: leftMs() })
    : ended;
}

/** Node has no flock(2). The program of util-linux locks the file description that it shares with this process. */
async function runFlock(fd: number, { waitMs, signal }: LockInput): Promise<FlockEnd> {
  const args = ["--exclusive", "--conflict-exit-code", String(conflictExitCode)];
  const wait = waitMs <= 0 ? ["--nonblock"] : ["--timeout", (waitMs / 1000).toFixed(3)];
  const child = spawn("flock", [...args, ...wait, "3"], {
    stdio: ["ignore", "ignore", "pipe", fd],
    timeout: Math.max(waitMs, 0) + graceMs,
    killSignal: "SIGKILL",
    ...(signal === undefined ? {} : { signal }),
  });
  const stderr: Buffer[] = [];
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
  return await new Promise<FlockEnd>((resolve, reject) => {
    let failure: unknown;
    child.once("error", (error) => {
      failure = error;
      // A child that never started closes nothing.
      if (child.pid === undefined) reject(isSystemError(error, "ENOENT") ? noFlockProgram(error) : error);
    });
    child.once("close", (exitCode, endSignal) => {
      // Not before it has closed: a child that was told to end may have taken the lock for us just before.
      if (failure !== undefined) reject(signal?.aborted === true ? signal.reason : failure);
      else resolve({ exitCode, signal: endSignal, stderr: Buffer.concat(stderr).toString("utf8").trim() });
    });
  });
}

function openLockFile(path: string): number {
  try {
    try {
      return openPrivateFile(path, constants.O_RDWR | constants.O_CREAT);
    } catch (error) {
      // On a read-only disk rounds still start what stopped. A flock needs no permission to write.
      if (!isSystemError(error, "EROFS")) throw error;
      return openPrivateFile(path, constants.O_RDONLY);
    }
  } catch (error) {
    throw notLockable(path, error);
  }
}

function heldByAnother(path: string): KeelsonError {
  const holders = findHolders(path);
  const names = holders.map(({ pid, program }) => `${program} (process ${pid})`).join(" and ");
  if (holders.length > 0 && !holders.some(({ isOurProgram }) => isOurProgram)) {
    return new KeelsonError({
      code: "K4020",
      message: `${names} still holds the lock ${path}, although the agent that started it has ended`,
      hint: "Wait until that program ends; the next round then runs by itself.",
    });
  }
  return new KeelsonError({
    code: "K4020",
    message: `${names === "" ? "another process" : names} holds the lock ${path}: another round is running on this node`,
    hint: "Wait until that round ends, and run only one agent on this state folder.",
  });
}

/** K4021. */
export function noFlockProgram(cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K4021",
    message: "the program flock is missing",
    hint: "Install util-linux (on Debian: apt-get install util-linux) and check that flock is in PATH.",
    outcome: stalled,
    cause,
  });
}

function notLockable(path: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K4022",
    message: `the lock ${path} cannot be taken`,
    hint: "Check that the agent's user may write its folder, and that flock is the one of util-linux.",
    cause,
  });
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function describe({ exitCode, signal, stderr }: FlockEnd): string {
  return `${exitCode === null ? `signal ${signal}` : `exit code ${exitCode}`}${stderr === "" ? "" : `: ${stderr}`}`;
}
