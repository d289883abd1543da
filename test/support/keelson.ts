import { join } from "node:path";
import { checkout, runProgram } from "./program.ts";
import type { ProgramOptions, ProgramResult } from "./program.ts";

export interface KeelsonOptions extends Omit<ProgramOptions, "env"> {
  /** Added to what the program needs to start (PATH, HOME, the engine's address); undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs the command `keelson` from source; its output is not a terminal, so it is plain. */
export async function runKeelson(
  args: readonly string[],
  options: KeelsonOptions = {},
): Promise<ProgramResult> {
  return await runProgram(keelsonCommand(args), programOptions(options));
}

/** Runs `keelson-agent` from source. */
export async function runAgent(
  args: readonly string[],
  options: KeelsonOptions = {},
): Promise<ProgramResult> {
  return await runProgram(agentCommand(args), programOptions(options));
}

/** The command line of `keelson`, for tests that need the process itself (to kill it, to watch it). */
export function keelsonCommand(args: readonly string[]): readonly [string, ...string[]] {
  return [process.execPath, join(checkout, "apps/cli/src/main.ts"), ...args];
}

/** The command line of `keelson-agent`, for tests that need the process itself. */
export function agentCommand(args: readonly string[]): readonly [string, ...string[]] {
  return [process.execPath, join(checkout, "apps/agent/src/main.ts"), ...args];
}

const passedOn = [
  "PATH",
  "HOME",
  "TMPDIR",
  "LANG",
  "DOCKER_HOST",
  "DOCKER_CONFIG",
  "KEELSON_COMPOSE",
  "NODE_COMPILE_CACHE",
  "CACHE_DIRECTORY",
];

/** The environment of a user who set nothing but the engine's address: what leaks in from a test run is left out. */
export function plainEnvironment(
  extra: Readonly<Record<string, string | undefined>> = {},
): NodeJS.ProcessEnv {
  const own = Object.fromEntries(passedOn.map((name) => [name, process.env[name]]));
  return Object.fromEntries(Object.entries({ ...own, ...extra }).filter(([, value]) => value !== undefined));
}

function programOptions({ env, timeoutMs = 120_000, ...rest }: KeelsonOptions): ProgramOptions {
  return { ...rest, timeoutMs, env: plainEnvironment(env) };
}
