import { fetchRevision, readTracked, refusedCommit } from "@keelson/git";
import { type AgentConfig, type Revision, parseDurationMs } from "@keelson/model";
import { type FollowPorts, type ReportPort, followRevision } from "@keelson/reconcile";

import { gitPath } from "./node-settings.ts";

/** The revision that the node follows by agent.yaml. */
export function wireSource(
  config: AgentConfig,
  report: ReportPort | null,
): (record: FollowPorts["record"]) => Promise<Revision> {
  const { url, branch, credential, knownHosts } = config.source;
  const gitDir = gitPath(config);
  const timeoutMs = parseDurationMs(config.timeouts.git);
  const source = { url, branch, ...(credential === undefined ? {} : { credential }) };
  const hosts = knownHosts === undefined ? {} : { knownHostsFile: knownHosts };
  return async (record) =>
    followRevision(
      {
        fetchRevision: async (follow) => fetchRevision({ source, gitDir, timeoutMs, follow, ...hosts }),
        readTracked: async () => readTracked({ gitDir }),
        refusedCommit,
        record,
        readReported: async () => {
          const reported = await report?.readPublished().catch(() => null); // a report elsewhere must not hold up the node
          return reported?.source.branch === branch ? reported.source.observed : null;
        },
      },
      branch,
    );
}
