import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

import { foreignCode } from "./git-error.ts";

export interface ProgramInput {
  file: string;
  args: readonly string[];
  /** The whole environment: nothing is inherited. */
  env: NodeJS.ProcessEnv;
  timeoutMs: number;
  maxOutputBytes: number;
  input?: string;
  /** Gets the output as it comes; the end then has none. The program waits for it, and ends when it throws. */
  take?: (chunk: Buffer) => Promise<void>;
  /** Ends the program sooner: as a timeout, or as stopped with the error that is the signal's reason. */
  signal?: AbortSignal;
}

/**
 * `not-started`: there is no such program, or it may not be run. `timeout`, `overflow` and `stopped`: it was killed
 * with all that it had started; `stopped` because `take` threw or the signal gave an error.
 */
export type ProgramEnd =
  | { kind: "exited"; exitCode: number | null; stdout: Buffer; stderr: string }
  | { kind: "not-started"; cause: Error }
  | { kind: "timeout" }
  | { kind: "overflow" }
  | { kind: "stopped"; cause: unknown };

const maxStderrBytes = 8192;

/** Runs a program without a shell and in a process group of its own, and returns how it ended. */
export async function runProgram(program: ProgramInput): Promise<ProgramEnd> {
  const { file, args, env, timeoutMs, maxOutputBytes, input, take, signal } = program;
  const child = spawn(file, args, { env, stdio: ["pipe", "pipe", "pipe"], detached: true });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let stdoutBytes = 0;
  let stderrBytes = 0;
  let taken = Promise.resolve();
  let isOver = false;

  return await new Promise<ProgramEnd>((resolve) => {
    const kill = (end: ProgramEnd) => {
      killGroup(child);
      // A grandchild that left the group may hold the pipes open, so do not wait for them to close.
      child.stdout.destroy();
      child.stderr.destroy();
      settle(() => resolve(end));
    };
    const expire = () => kill({ kind: "timeout" });
    const timer = setTimeout(expire, timeoutMs);
    // A DOMException is the reason of a timeout or of an abort without one: both count as a timeout.
    const stop = () =>
      signal?.reason instanceof DOMException ? expire() : kill({ kind: "stopped", cause: signal?.reason });
    const settle = (act: () => void) => {
      isOver = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      act();
    };
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted === true) stop();
    child.stdout.on("data", (chunk: Buffer) => {
      if (take !== undefined) {
        child.stdout.pause();
        // A queue: when the program has ended, Node hands over the rest of the output although it is paused.
        taken = taken.then(async () => {
          if (isOver) return;
          try {
            await take(chunk);
            child.stdout.resume();
          } catch (cause) {
            kill({ kind: "stopped", cause });
          }
        });
        return;
      }
      stdoutBytes += chunk.length;
      if (stdoutBytes > maxOutputBytes) kill({ kind: "overflow" });
      else stdout.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (stderrBytes < maxStderrBytes) stderr.push(chunk);
      stderrBytes += chunk.length;
    });
    // A program may end without reading its input. Then its exit code says more than EPIPE.
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
    child.once("error", (cause) => settle(() => resolve({ kind: "not-started", cause })));
    child.once("close", (exitCode) => {
      const text = Buffer.concat(stderr).subarray(0, maxStderrBytes).toString("utf8");
      const end = { kind: "exited", exitCode, stdout: Buffer.concat(stdout), stderr: text } as const;
      void taken.then(() => settle(() => resolve(end)));
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if (foreignCode(error) !== "ESRCH") throw error;
  }
}
