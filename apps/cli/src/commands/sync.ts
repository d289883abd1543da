import { readLocalStatus, syncAgent } from "@keelson/node";

import { defaultConfigPath, defaultStateDir } from "../node-options.ts";
import { findAgentConfig } from "../node-place.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printStatus } from "../print/status.ts";

export interface SyncOptions {
  config?: string;
  /** Milliseconds. */
  timeout: number;
}

/**
 * Asks this node's agent for a round, waits until a round that began after the request has ended, and prints the status.
 * Throws K9040 to K9043.
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
