import { spawn } from "node:child_process";

import { KeelsonError, isSystemError, stalled } from "@keelson/model";

export interface ComposeRun {
  binary: string;
  arguments: readonly string[];
  /** The whole environment of the process; nothing is inherited. */
  environment: Readonly<Record<string, string>>;
  folder: string;
  timeoutMs: number;
  signal?: AbortSignal;
}

export interface ComposeOutput {
  exitCode: number;
  stdout: string;
  stderr: string;
}

const maxOutputBytes = 32 * 1024 * 1024;

export const installHint =
  "Install Docker Compose 2.26 or newer (docs.docker.com/compose/install), or set KEELSON_COMPOSE to its binary.";

/**
 * Runs Compose to its end with standard input closed. On a timeout, an abort or too much output its whole process group
 * is killed. Throws K1421 when it cannot be started, K1422 on a timeout, K1425 when it does not exit by itself, and the
 * signal's reason on an abort.
 */
export async function runCompose(run: ComposeRun): Promise<ComposeOutput> {
  run.signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<ComposeOutput>();
  const child = spawn(run.binary, run.arguments, {
    cwd: run.folder,
    env: run.environment,
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that whatever it started ends with it.
    detached: true,
  });
  let failure: unknown;
  const stop = (reason: unknown) => {
    failure ??= reason;
    killGroup(child.pid);
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const timer = setTimeout(() => stop(timedOut(run)), run.timeoutMs);
  const onAbort = () => stop(run.signal?.reason);
  run.signal?.addEventListener("abort", onAbort, { once: true });
  const stdout = collect(child.stdout, () => stop(endedOddly("Compose printed more than 32 MiB")));
  const stderr = collect(child.stderr, () => stop(endedOddly("Compose printed more than 32 MiB")));
  child.once("error", (error) => {
    failure ??= notStarted(run.binary, error);
    if (child.pid === undefined) reject(failure);
  });
  child.once("close", (exitCode, signal) => {
    if (failure !== undefined) reject(failure);
    else if (exitCode === null) reject(endedOddly(`Compose was ended by ${signal ?? "an unknown signal"}`));
    else resolve({ exitCode, stdout: stdout(), stderr: stderr() });
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    run.signal?.removeEventListener("abort", onAbort);
  }
}

function collect(stream: NodeJS.ReadableStream, onOverflow: () => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxOutputBytes) onOverflow();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // ESRCH: it ended by itself in between.
    if (!isSystemError(error, "ESRCH")) throw error;
  }
}

function timedOut({ timeoutMs }: ComposeRun): KeelsonError {
  return new KeelsonError({
    code: "K1422",
    message: `Compose did not answer within ${timeoutMs} ms`,
    hint: "Look for a machine under heavy load; the next round tries again.",
  });
}

function notStarted(binary: string, cause: Error): KeelsonError {
  return new KeelsonError({
    code: "K1421",
    message: `Compose could not be started from ${binary}`,
    hint: installHint,
    outcome: stalled,
    cause,
  });
}

/** Compose neither answered nor refused. */
export function endedOddly(message: string, cause?: unknown): KeelsonError {
  return new KeelsonError({
    code: "K1425",
    message,
    hint: "Look for a machine that is out of memory; the next round tries again.",
    cause,
  });
}
