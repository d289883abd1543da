import { KeelsonError } from "@keelson/model";
import { readAgentConfig, resumeNode, seeAgent, suspendNode, syncAgent } from "@keelson/node";

/** Long enough for an upgrade that is at work. */
const roundTimeoutMs = 15 * 60_000;

export interface SuspensionOptions {
  config: string;
  signal: AbortSignal;
}

/**
 * Withholds action on this node. Returns once nothing is changed any more: a round that is at work ends first. Throws K9042
 * when that takes longer; the suspension holds all the same.
 */
export async function suspend(
  { reason, by }: { reason: string; by: string },
  { config, signal }: SuspensionOptions,
): Promise<0> {
  const { stateDir } = readAgentConfig(config);
  await suspendNode(stateDir, { by, reason, now: new Date() });
  if (((await seeAgent(stateDir, Number.MAX_SAFE_INTEGER)).work?.trigger ?? null) !== null)
    process.stdout.write("a round is at work, and ends first\n");
  const round = await askForRound(stateDir, signal);
  const whose = round !== null ? "" : "; no agent is running, and one that starts changes nothing either";
  process.stdout.write(`suspended: nothing is changed here until keelson-agent resume${whose}\n`);
  return 0;
}

/** Ends a suspension. Returns the exit code: 0 when the node is as desired after the next round, or no agent is running. */
export async function resume({ config, signal }: SuspensionOptions): Promise<0 | 1> {
  const { stateDir } = readAgentConfig(config);
  await resumeNode(stateDir);
  const round = await askForRound(stateDir, signal);
  process.stdout.write(round === null ? "resumed; no agent is running\n" : "resumed\n");
  if (round?.isReady !== false) return 0;
  process.stdout.write("the node is not ready; keelson status --local says why\n");
  return 1;
}

/** Null where no agent is running. */
async function askForRound(stateDir: string, signal: AbortSignal): Promise<{ isReady: boolean } | null> {
  try {
    return await syncAgent(stateDir, { timeoutMs: roundTimeoutMs, signal });
  } catch (error) {
    if (!(error instanceof KeelsonError) || error.code !== "K9040") throw error;
    return null;
  }
}
