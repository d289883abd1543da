import { KeelsonError } from "@keelson/model";
import { acceptRevision, readAgentConfig, syncAgent } from "@keelson/node";

/** Long enough for an upgrade; the agent goes on without us. */
const roundTimeoutMs = 15 * 60_000;

/**
 * A human's word that the branch may be followed to a commit that does not follow on the last one. The agent that
 * stays is told, where there is one. Returns the exit code: 0 when the node is then as desired.
 */
export async function accept(
  revision: string,
  { config: path, signal }: { config: string; signal: AbortSignal },
): Promise<0 | 1> {
  const config = readAgentConfig(path);
  const commit = await acceptRevision(config, revision);
  process.stdout.write(`accepted ${commit}\n`);
  try {
    const isReady = await syncAgent(config.stateDir, { timeoutMs: roundTimeoutMs, signal });
    process.stdout.write(isReady ? "followed\n" : "not ready; keelson status --local says why\n");
    return isReady ? 0 : 1;
  } catch (error) {
    if (!(error instanceof KeelsonError) || error.code !== "K9040") throw error;
    process.stdout.write("no agent runs here; its next round follows it\n");
    return 0;
  }
}
