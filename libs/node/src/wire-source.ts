import { fetchRevision, readEarlier, readTracked, refusedCommit } from "@keelson/git";
import { type AgentConfig, type Revision, parseDurationMs } from "@keelson/model";
import { type FollowPorts, type StatusPort, followRevision } from "@keelson/reconcile";

import type { ApplyInput } from "./wire-node.ts";
import { gitPath } from "./node-settings.ts";

/** The revision that the node follows by agent.yaml, and those that it followed before. */
export function wireSource(
  config: AgentConfig,
  { report, knownCommit }: { report: StatusPort | null; knownCommit: string | null },
): Pick<ApplyInput, "fetchRevision" | "readRevision"> {
  const { url, branch, credential, knownHosts } = config.source;
  const gitDir = gitPath(config);
  const timeoutMs = parseDurationMs(config.timeouts.git);
  const source = { url, branch, ...(credential === undefined ? {} : { credential }) };
  const hosts = knownHosts === undefined ? {} : { knownHostsFile: knownHosts };
  const follow = async (record: FollowPorts["record"]): Promise<Revision> =>
    followRevision(
      {
        fetchRevision: async (follow) => fetchRevision({ source, gitDir, timeoutMs, follow, ...hosts }),
        readTracked: async () => readTracked({ gitDir }),
        refusedCommit,
        knownCommit,
        record,
        readReported: async () => readReported(report, branch),
      },
      branch,
    );
  return { fetchRevision: follow, readRevision: async (commit) => readEarlier({ gitDir, commit }) };
}

/** What it observed may be what it refused; what it attempted, or else applied, it had followed. */
async function readReported(report: StatusPort | null, branch: string): Promise<string | null> {
  const reported = await report?.readPublished().catch(() => null); // a report elsewhere must not hold up the node
  if (reported?.source.branch !== branch) return null;
  return [reported.source.attempted, reported.source.applied].find((commit) => commit !== "") ?? null;
}
