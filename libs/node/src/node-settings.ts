import type { RemoteHost } from "@keelson/engine";
import { type AgentConfig, type NodeGrants, type WaitLimits, parseDurationMs } from "@keelson/model";

import type { DockerConfigPlace } from "./docker-config-place.ts";

/** Where everything of one node is. Absolute paths; times in milliseconds. */
export interface NodeSettings {
  environment: string;
  node: string;
  stateDir: string;
  keyFile: string;
  secretsFile: string | null;
  /** unix:// or tcp:// address; undefined for the standard socket. */
  dockerHost: string | undefined;
  dockerConfig: DockerConfigPlace;
  /** Path of the Compose v2 program. */
  composeBinary: string;
  pullTimeoutMs: number;
  /** The Git hosts that agent.yaml names. */
  remotes: readonly RemoteHost[];
  waits: WaitLimits;
  /** What the node permits of what an environment grants. */
  allow: NodeGrants | "all";
}

/** The time limits of this node. */
export function waitSettings({
  timeouts,
}: Pick<AgentConfig, "timeouts">): Pick<NodeSettings, "pullTimeoutMs" | "waits"> {
  return {
    pullTimeoutMs: parseDurationMs(timeouts.pull),
    waits: { stopMs: parseDurationMs(timeouts.stop), trialMs: parseDurationMs(timeouts.trial) },
  };
}

export function recordPath(settings: Pick<NodeSettings, "stateDir">): string {
  return `${settings.stateDir}/record.db`;
}

export function lockPath(settings: Pick<NodeSettings, "stateDir">): string {
  return `${settings.stateDir}/lock`;
}

/** The lock of one job that runs by a schedule, named `<project>/<service>`: no such name has a `~`. */
export function jobLockPath(settings: Pick<NodeSettings, "stateDir">, job: string): string {
  return `${settings.stateDir}/jobs/${job.replace("/", "~")}`;
}

export function gitPath(settings: Pick<NodeSettings, "stateDir">): string {
  return `${settings.stateDir}/git`;
}

/** The folder with Compose's input; empty between rounds. */
export function composePath(settings: Pick<NodeSettings, "stateDir">): string {
  return `${settings.stateDir}/compose`;
}

/** The small repository from which the node's status is published. */
export function statusGitPath(settings: Pick<NodeSettings, "stateDir">): string {
  return `${settings.stateDir}/report`;
}

/** The socket of the running agent. */
export function controlPath(settings: Pick<NodeSettings, "stateDir">): string {
  return `${settings.stateDir}/agent.sock`;
}
