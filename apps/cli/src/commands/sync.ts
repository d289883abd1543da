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
