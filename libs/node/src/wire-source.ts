import { fetchCandidate, readEarlier, readTracked } from "@keelson/git";
import { type AgentConfig, parseDurationMs } from "@keelson/model";
import { type SourcePorts, type StatusPort, findCandidate } from "@keelson/reconcile";

import { gitPath } from "./node-settings.ts";
import type { ApplyInput } from "./wire-apply.ts";

/** Reads the candidate of agent.yaml's source, and commits that were followed before. */
export function wireSource(
  config: AgentConfig,
  { statusPort, knownCommit }: { statusPort: StatusPort | null; knownCommit: string | null },
): Pick<ApplyInput, "findCandidates" | "readEarlier"> {
  const { url, branch, credential, knownHosts } = config.source;
  const copy = { gitDir: gitPath(config), fileBytes: config.limits.fileBytes };
  const input = {
    ...copy,
    source: { url, branch, ...(credential === undefined ? {} : { credential }) },
    timeoutMs: parseDurationMs(config.timeouts.git),
    ...(knownHosts === undefined ? {} : { knownHostsFile: knownHosts }),
  };
  const source: SourcePorts = {
    branch,
    fetchCandidate: async (follow) => fetchCandidate({ ...input, follow }),
    readTracked: async () => readTracked(copy),
    knownCommit,
    readPublished: async () => readPublished(statusPort, branch),
  };
  return {
    findCandidates: async (record) => [await findCandidate(source, record)],
    readEarlier: async (commit) => readEarlier({ ...copy, commit }),
  };
}

/**
 * The commit that the published status names as attempted or applied. The one that it observed may have been refused.
 */
async function readPublished(statusPort: StatusPort | null, branch: string): Promise<string | null> {
  const published = await statusPort?.readPublished().catch(() => null); // a server that is away must not hold up the node
  if (published?.source.branch !== branch) return null;
  return [published.source.attempted, published.source.applied].find((commit) => commit !== "") ?? null;
}
