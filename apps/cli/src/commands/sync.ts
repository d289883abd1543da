import { KeelsonError } from "@keelson/model";
import { findStatusFault, readLocalStatus, syncAgent } from "@keelson/node";

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
 * Throws K9040 to K9043, and K4001 or K4002 where the round could not write its status.
 */
export async function sync(
  options: SyncOptions,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<ExitCode> {
  const stateDir = findAgentConfig(options.config ?? defaultConfigPath)?.stateDir ?? defaultStateDir;
  const { isReady, message } = await syncAgent(stateDir, { timeoutMs: options.timeout, signal });
  const fault = await findStatusFault(stateDir);
  // What is in the folder then is of an earlier round.
  if (fault !== null)
    throw withCause(fault, `${isReady ? "ready" : "not ready"}, says the agent: ${message}`);
  const status = await readLocalStatus(stateDir);
  if (output.json) output.printJson(status);
  else printStatus(output, status);
  return isReady ? exitCodes.done : exitCodes.failed;
}

function withCause({ code, message, hint, outcome }: KeelsonError, cause: string): KeelsonError {
  const why = new Error(cause);
  return new KeelsonError({ code, message, outcome, cause: why, ...(hint === undefined ? {} : { hint }) });
}
