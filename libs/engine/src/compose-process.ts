import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type FileHandle, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { KeelsonError, closedComposeEnvironment, isSystemError, stalled, transient } from "@keelson/model";

import type { EngineContext } from "./context.ts";
import { quoted } from "./excerpt.ts";
import { throwIfCancelled } from "./request.ts";

export interface ComposeCall {
  /** Completes "Compose could not …". */
  what: string;
  args: readonly string[];
  /** Added to its closed environment. */
  variables: Readonly<Record<string, string>>;
  timeoutMs: number;
}

/** What Compose gets to end by itself before it is killed. */
const graceMs = 10_000;
const outputBytes = 8_192;
/** A home without any configuration: the one of users who have none (Debian Policy, 9.2.3). */
export const noFolder = "/nonexistent";

/**
 * Runs Compose to its end. Throws K3008 when it fails or takes too long, with the end of its output as the cause, and
 * K3014 when the context's signal ends it.
 */
export async function runCompose(context: EngineContext, call: ComposeCall): Promise<void> {
  throwIfCancelled(context.signal, call.what);
  const output = await openNameless();
  try {
    const child = start(context, { call, output });
    const { exitCode, timedOut } = await waitForEnd(child, { context, call });
    throwIfCancelled(context.signal, call.what);
    if (exitCode === 0) return;
    throw failure(call, { timedOut, cause: quoted(await readEnd(output), { lines: 20 }) });
  } finally {
    await output.close();
  }
}

/**
 * - The environment is closed: a leaked COMPOSE_REMOVE_ORPHANS=1 deletes containers, and a user's Docker configuration
 *   names hosts and plugins.
 * - Standard input is empty, so that a question of Compose gets no answer.
 * - The output goes to a file, because a pipe breaks when the agent is killed, and Compose with it in mid-recreate.
 * - A process group of its own: Ctrl-C in a terminal reaches the agent, which then ends Compose in order.
 */
function start(
  context: EngineContext,
  { call, output }: { call: ComposeCall; output: FileHandle },
): ChildProcess {
  const inherited = context.lock === null ? [] : [context.lock.fd];
  return spawn(context.composeBinary, ["--ansi", "never", "--progress", "plain", ...call.args], {
    cwd: "/",
    detached: true,
    stdio: ["ignore", output.fd, output.fd, ...inherited],
    env: {
      ...call.variables,
      ...closedComposeEnvironment(noFolder),
      DOCKER_HOST: context.engine.dockerHost,
      COMPOSE_IGNORE_ORPHANS: "1",
      COMPOSE_MENU: "0",
      // More at once leaves ghost endpoints on engine 20.10.
      COMPOSE_PARALLEL_LIMIT: "4",
      ...context.lock?.mark,
    },
  });
}

async function waitForEnd(
  child: ChildProcess,
  { context, call }: { context: EngineContext; call: ComposeCall },
): Promise<{ exitCode: number | null; timedOut: boolean }> {
  const timers: NodeJS.Timeout[] = [];
  const gaveUp = new AbortController();
  let timedOut = false;
  const end = () => {
    signalGroup(child, "SIGTERM");
    timers.push(setTimeout(() => signalGroup(child, "SIGKILL"), graceMs));
    // A process that hangs in the kernel (a dead network disk) does not die of a kill either.
    timers.push(setTimeout(() => gaveUp.abort(), 2 * graceMs));
  };
  const expire = () => {
    timedOut = true;
    end();
  };
  timers.push(setTimeout(expire, call.timeoutMs));
  context.signal.addEventListener("abort", end, { once: true });
  if (context.signal.aborted) end();
  try {
    // Rejects when the program could not be started.
    await once(child, "exit", { signal: gaveUp.signal });
    return { exitCode: child.exitCode, timedOut };
  } catch (error) {
    if (gaveUp.signal.aborted) return { exitCode: null, timedOut };
    throw notStarted(context.composeBinary, error);
  } finally {
    for (const timer of timers) clearTimeout(timer);
    context.signal.removeEventListener("abort", end);
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // It has just ended.
    if (!isSystemError(error, "ESRCH")) throw error;
  }
}

/** A file that is gone with its last descriptor, also when the agent is killed. */
async function openNameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `keelson-compose-${randomUUID()}`);
  const file = await open(path, "wx+", 0o600);
  await rm(path);
  return file;
}

async function readEnd(output: FileHandle): Promise<string> {
  const { size } = await output.stat();
  const buffer = Buffer.alloc(Math.min(size, outputBytes));
  const { bytesRead } = await output.read(buffer, 0, buffer.length, size - buffer.length);
  return buffer.toString("utf8", 0, bytesRead);
}

function failure(call: ComposeCall, { timedOut, cause }: { timedOut: boolean; cause: Error }): KeelsonError {
  return new KeelsonError({
    code: "K3008",
    message: timedOut
      ? `Compose did not ${call.what} within ${call.timeoutMs / 1_000} s`
      : `Compose could not ${call.what}`,
    outcome: transient,
    cause,
  });
}

function notStarted(composeBinary: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K3008",
    message: `Compose cannot be started as ${composeBinary}`,
    hint: "Install Docker Compose v2, or name its program.",
    outcome: stalled,
    cause,
  });
}
