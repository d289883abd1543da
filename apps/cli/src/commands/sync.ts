import { type Condition, KeelsonError } from "@keelson/model";
import { findStatusFault, readLocalStatus, syncAgent } from "@keelson/node";

import { defaultConfigPath, defaultStateDir } from "../node-options.ts";
import { findAgentConfig } from "../node-place.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { showWork } from "../print/work.ts";
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
  const { isReady, message } = await askForRound(stateDir, { options, output, signal });
  const fault = await findStatusFault(stateDir);
  // What is in the folder then is of an earlier round.
  if (fault !== null)
    throw withCause(fault, `${isReady ? "ready" : "not ready"}, says the agent: ${message}`);
  const status = await readLocalStatus(stateDir);
  if (output.json) output.printJson(status);
  else printStatus(output, status);
  // A round that could not begin has written none: what is shown is of an earlier one.
  if (!isReady && saysReady(status)) output.printError(`since then not ready, says the agent: ${message}`);
  return isReady ? exitCodes.done : exitCodes.failed;
}

/** Waits for the round, and shows meanwhile what it does; nothing beside JSON. */
async function askForRound(
  stateDir: string,
  { options, output, signal }: { options: SyncOptions; output: Output; signal: AbortSignal },
): ReturnType<typeof syncAgent> {
  const work = output.json ? null : await showWork(stateDir, output);
  try {
    return await syncAgent(stateDir, { timeoutMs: options.timeout, signal });
  } finally {
    await work?.end();
  }
}

function saysReady({ conditions }: { conditions: readonly Condition[] }): boolean {
  return conditions.some(({ type, status }) => type === "Ready" && status === "true");
}

function withCause({ code, message, hint, outcome }: KeelsonError, cause: string): KeelsonError {
  const why = new Error(cause);
  return new KeelsonError({ code, message, outcome, cause: why, ...(hint === undefined ? {} : { hint }) });
}
