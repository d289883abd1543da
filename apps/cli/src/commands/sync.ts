import { Duration, parseDurationMs } from "@keelson/model";
import { readLocalStatus, syncAgent } from "@keelson/node";
import { InvalidArgumentError } from "commander";

import { defaultConfigPath, defaultStateDir } from "../node-options.ts";
import { findAgentConfig } from "../node-place.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printStatus } from "../print/status.ts";

export interface SyncOptions {
  config?: string;
  /** Milliseconds. */
  timeout: number;
}

const longestTimeoutMs = 24 * 3_600_000;

/** The option's value in milliseconds; throws commander's error for a wrong one. */
export function parseTimeout(text: string): number {
  const timeoutMs = Duration.safeParse(text).success ? parseDurationMs(text) : 0;
  if (timeoutMs > 0 && timeoutMs <= longestTimeoutMs) return timeoutMs;
  throw new InvalidArgumentError("Say a duration such as 90s or 15m, up to 24h.");
}

/**
 * Asks the agent of this node to look now, waits until a round that began after that has ended, and shows what came of
 * it. Throws K9040 to K9043.
 */
export async function sync(
  options: SyncOptions,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<ExitCode> {
  const stateDir = findAgentConfig(options.config ?? defaultConfigPath)?.stateDir ?? defaultStateDir;
  const isReady = await syncAgent(stateDir, { timeoutMs: options.timeout, signal });
  const status = await readLocalStatus(stateDir);
  if (output.json) output.printJson(status);
  else printStatus(output, status);
  return isReady ? exitCodes.done : exitCodes.failed;
}
