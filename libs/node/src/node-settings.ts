import { dirname, join, resolve } from "node:path";

import type { RemoteHost } from "@keelson/engine";
import {
  type AgentConfig,
  type DesiredVolume,
  type NodeGrants,
  type WaitLimits,
  isJsonObject,
  mapValues,
  parseDurationMs,
  withHostPaths,
} from "@keelson/model";

import type { DockerConfigPlace } from "./docker-config-place.ts";

/** Where everything of one node is. Absolute paths; times in milliseconds. */
export interface NodeSettings {
  environment: string;
  node: string;
  stateDir: string;
  /** Where data folders lie; by instance, where else. */
  dataDir: string;
  dataFolders: Readonly<Record<string, string>>;
  keyFile: string;
  secretsFile: string | null;
  /** The age key with which secrets from Git are opened. */
  ageKeyFile: string;
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
  /** agent.yaml, and the keys that it names beside `keyFile`. */
  ownFiles: readonly string[];
}

/** What agent.yaml says of the host; without one, nothing is permitted. */
export function hostSettings(
  agent: { config: AgentConfig; configFile: string } | null,
): Pick<NodeSettings, "allow" | "ownFiles"> {
  if (agent === null) return { allow: {}, ownFiles: [] };
  const { config, configFile } = agent;
  return { allow: config.allow ?? {}, ownFiles: [resolve(configFile), ageKeyPath(config)] };
}

/** The real path of each name that packages use. */
export function pathsByName({ allow }: Pick<NodeSettings, "allow">): Record<string, string> {
  return allow === "all" ? {} : mapValues(allow.paths ?? {}, ({ path }) => path);
}

/** A volume as this node's engine gets it: with the node's paths, and with one dollar sign where Compose has two. */
export function volumeHere(volume: DesiredVolume, settings: Pick<NodeSettings, "allow">): DesiredVolume {
  const { driver_opts: options, ...definition } = withHostPaths(volume.definition, pathsByName(settings));
  if (!isJsonObject(options)) return volume;
  const plain = mapValues(options, (value) =>
    typeof value === "string" ? value.replaceAll("$$", "$") : value,
  );
  return { ...volume, definition: { ...definition, driver_opts: plain } };
}

/** Where the data folders of instances lie. */
export function dataSettings(
  { stateDir }: Pick<NodeSettings, "stateDir">,
  config: Pick<AgentConfig, "dataDir" | "dataFolders"> | undefined,
): Pick<NodeSettings, "dataDir" | "dataFolders"> {
  return { dataDir: config?.dataDir ?? `${stateDir}/data`, dataFolders: config?.dataFolders ?? {} };
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

/** Where the node's age key is: beside its other key unless agent.yaml says another place. */
export function ageKeyPath({ keyFile, age }: Pick<AgentConfig, "keyFile" | "age">): string {
  return age?.keyFile ?? join(dirname(keyFile), "age.key");
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
