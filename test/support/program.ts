import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { codeOf } from "./foreign-error.ts";

export interface ProgramOptions {
  readonly cwd?: string;
  /** The whole environment; the caller's own unless told. */
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array;
  /** Two minutes unless told; then the program and its children are killed. */
  readonly timeoutMs?: number;
}

export interface ProgramResult {
  /** null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever its exit code; throws when it cannot start or takes too long. */
export async function runProgram(
  command: readonly [string, ...string[]],
  { cwd, env = process.env, input, timeoutMs = 120_000 }: ProgramOptions = {},
): Promise<ProgramResult> {
  const [file, ...args] = command;
  // Its own process group, so that a timeout reaches grandchildren too.
  const child = spawn(file, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A program that ends without reading its input closes the pipe: its exit code tells more than EPIPE.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const output = () => ({
    stdout: Buffer.concat(stdout).toString("utf8"),
    stderr: Buffer.concat(stderr).toString("utf8"),
  });
  return await new Promise<ProgramResult>((resolve, reject) => {
    const timer = setTimeout(() => {
      if (child.pid !== undefined) killGroup(child.pid);
      const { stdout, stderr } = output();
      reject(new Error(`${command.join(" ")} took more than ${timeoutMs} ms\n${stdout}${stderr}`));
    }, timeoutMs);
    child.once("error", (error) => {
      clearTimeout(timer);
      reject(new Error(`${file} did not start`, { cause: error }));
    });
    child.once("close", (exitCode, signal) => {
      clearTimeout(timer);
      resolve({ exitCode, signal, ...output() });
    });
  });
}

/** Like `runProgram`, but throws with the program's output unless the exit code is 0; returns stdout. */
export async function outputOf(
  command: readonly [string, ...string[]],
  options: ProgramOptions = {},
): Promise<string> {
  const result = await runProgram(command, options);
  if (result.exitCode !== 0) {
    const ended = result.exitCode === null ? `was ended by ${result.signal}` : `exited ${result.exitCode}`;
    throw new Error(`${command.join(" ")} ${ended}\n${result.stdout}${result.stderr}`);
  }
  return result.stdout;
}

/** The checkout's root, where `apps` and `script` are. */
export const checkout = fileURLToPath(new URL("../../", import.meta.url));

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}
