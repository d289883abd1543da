import { KeelsonError } from "@keelson/model";
import { acceptRevision, readAgentConfig, syncAgent } from "@keelson/node";

/** Long enough for an upgrade. The agent goes on without this command. */
const roundTimeoutMs = 15 * 60_000;

/**
 * Lets the node follow its branch to a commit that is no descendant of the last one, by a person's decision. Then requests a
 * round from the agent. Returns the exit code: 0 when the node is as desired after that round, or no agent is running.
 */
export async function accept(
  revision: string,
  { config: path, signal }: { config: string; signal: AbortSignal },
): Promise<0 | 1> {
  const config = readAgentConfig(path);
  const commit = await acceptRevision(config, revision);
  process.stdout.write(`accepted ${commit}\n`);
  try {
    const { isReady } = await syncAgent(config.stateDir, { timeoutMs: roundTimeoutMs, signal });
    process.stdout.write(isReady ? "followed\n" : "the node is not ready; keelson status --local says why\n");
    return isReady ? 0 : 1;
  } catch (error) {
    if (!(error instanceof KeelsonError) || error.code !== "K9040") throw error;
    process.stdout.write("no agent is running; its first round will follow the branch there\n");
    return 0;
  }
}
