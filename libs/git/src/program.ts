import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

import { foreignCode } from "./git-error.ts";

export interface ProgramInput {
  file: string;
  args: readonly string[];
  /** The whole environment: nothing is inherited. */
  env: NodeJS.ProcessEnv;
  timeoutMs: number;
  /** Ends it sooner, as a timeout. */
  signal?: AbortSignal;
  maxOutputBytes: number;
  input?: string;
}

/** `not-started`: there is no such program, or it may not be run; `timeout` and `overflow`: it was killed with all that it had started. */
export type ProgramEnd =
  | { kind: "exited"; exitCode: number | null; stdout: Buffer; stderr: string }
  | { kind: "not-started"; cause: Error }
  | { kind: "timeout" }
  | { kind: "overflow" };

const maxStderrBytes = 8192;

/** Runs a program, without a shell and in a process group of its own, to one of its ends. */
export async function runProgram(program: ProgramInput): Promise<ProgramEnd> {
  const { file, args, env, timeoutMs, signal, maxOutputBytes, input } = program;
  const child = spawn(file, args, { env, stdio: ["pipe", "pipe", "pipe"], detached: true });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let stdoutBytes = 0;
  let stderrBytes = 0;

  return await new Promise<ProgramEnd>((resolve) => {
    const kill = (kind: "timeout" | "overflow") => {
      killGroup(child);
      // A grandchild that left the group may hold the pipes open: they are not waited for.
      child.stdout.destroy();
      child.stderr.destroy();
      settle(() => resolve({ kind }));
    };
    const expire = () => kill("timeout");
    const timer = setTimeout(expire, timeoutMs);
    const settle = (act: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", expire);
      act();
    };
    signal?.addEventListener("abort", expire, { once: true });
    if (signal?.aborted === true) expire();
    child.stdout.on("data", (chunk: Buffer) => {
      stdoutBytes += chunk.length;
      if (stdoutBytes > maxOutputBytes) kill("overflow");
      else stdout.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (stderrBytes < maxStderrBytes) stderr.push(chunk);
      stderrBytes += chunk.length;
    });
    // A program may end without reading its input: its exit code says more than EPIPE does.
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
    child.once("error", (cause) => settle(() => resolve({ kind: "not-started", cause })));
    child.once("close", (exitCode) => {
      const text = Buffer.concat(stderr).subarray(0, maxStderrBytes).toString("utf8");
      settle(() => resolve({ kind: "exited", exitCode, stdout: Buffer.concat(stdout), stderr: text }));
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
