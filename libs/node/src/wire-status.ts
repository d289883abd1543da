import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { publishStatus, readOwnStatus } from "@keelson/git";
import { type AgentConfig, KeelsonError, type Status, parseDurationMs } from "@keelson/model";
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
      const publish = async (gitDir: string) => publishStatus({ ...place, gitDir, commit, files });
      return (await publish(place.gitDir).catch(async (error: unknown) => publishAside(error, publish)))
        .files;
    },
  };
}

/**
 * Reads the status that a node published last, for a command on it, and leaves nothing behind. Null where agent.yaml names no place
 * for it, is that of another node, or is not there.
 */
export async function readPublishedStatus(
  config: AgentConfig | null,
  { environment, node }: Pick<AgentConfig, "environment" | "node">,
): Promise<Status | null> {
  if (config?.environment !== environment || config.node !== node) return null;
  const place = statusPlace(config);
  if (place === null) return null;
  const folder = await mkdtemp(join(tmpdir(), "keelson-status-"));
  try {
    return parseStatus((await readOwnStatus({ ...place, gitDir: join(folder, "git") }))?.json ?? null);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Publishes from a folder that is gone afterwards, where the disk of the state folder takes nothing: that is what the
 * status has to tell. What the node published before is then fetched anew. Throws the first error for any other failure.
 */
async function publishAside<T>(error: unknown, publish: (gitDir: string) => Promise<T>): Promise<T> {
  if (!(error instanceof KeelsonError) || error.code !== "K2012") throw error;
  const folder = await mkdtemp(join(tmpdir(), "keelson-status-")).catch(() => null); // that disk is full, too
  if (folder === null) throw error;
  try {
    return await publish(join(folder, "git"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
