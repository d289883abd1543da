import { publishStatus, readOwnStatus } from "@keelson/git";
import { type AgentConfig, type KeelsonError, parseDurationMs } from "@keelson/model";
import type { StatusPort } from "@keelson/reconcile";

import { statusGitPath } from "./node-settings.ts";
import { parseStatus } from "./status-text.ts";

/** Where agent.yaml has this node publish its status; null when the status stays on the node. */
export function wireStatus(config: AgentConfig): StatusPort | null {
  const place = statusPlace(config);
  if (place === null) return null;
  return {
    heartbeatMs: parseDurationMs(config.report.heartbeat),
    readPublished: async () => parseStatus((await readOwnStatus(place))?.json ?? null),
    publishStatus: async ({ commit, write }) => {
      const files = (before: string | null, passedOver: KeelsonError | null) =>
        write(parseStatus(before), passedOver);
      return (await publishStatus({ ...place, commit, files })).files;
    },
  };
}

/** What `publishStatus` and `readOwnStatus` of the room `git` need; null when the status stays on the node. */
export function statusPlace(config: AgentConfig) {
  const { report, source, environment, node, timeouts } = config;
  if (report.as === "none") return null;
  const { url = source.url } = report;
  // The source's credential is never sent to another server.
  const credential = report.credential ?? (report.url === undefined ? source.credential : undefined);
  return {
    as: report.as,
    environment,
    node,
    url,
    gitDir: statusGitPath(config),
    timeoutMs: parseDurationMs(timeouts.git),
    ...(credential === undefined ? {} : { credential }),
    ...(source.knownHosts === undefined ? {} : { knownHostsFile: source.knownHosts }),
  };
}
