import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { AgentConfig, type Located } from "@keelson/model";
import {
  type NodeSettings,
  dataSettings,
  ageKeyPath,
  dockerConfigPlace,
  findComposeBinary,
  hostSettings,
  readAgentDocument,
  remotesOf,
  waitSettings,
} from "@keelson/node";

import type { Output } from "./output.ts";
import { type NodeOptions, defaultStateDir, standardConfigPath } from "./node-options.ts";

/** The node's settings: an option overrides agent.yaml, and agent.yaml overrides the default. */
export async function readNodeSettings(
  options: NodeOptions,
  reference: { environment: string; node: string },
): Promise<NodeSettings> {
  return { ...readNodePlace(options, reference), composeBinary: await findComposeBinary(process.env) };
}

/** The same for commands that need neither Compose nor a repository. */
export function readNodePlace(
  options: Omit<NodeOptions, "repository">,
  reference: { environment: string; node: string },
): Omit<NodeSettings, "composeBinary"> {
  const config = findAgentConfig(options.config);
  const stateDir =
    options.stateDir === undefined ? (config?.stateDir ?? defaultStateDir) : resolve(options.stateDir);
  const keyFile = options.keyFile === undefined ? undefined : resolve(options.keyFile);
  const secretsFile = options.secrets === undefined ? config?.secretsFile : resolve(options.secrets);
  return {
    ...reference,
    stateDir,
    ...dataSettings({ stateDir }, config ?? undefined),
    keyFile: keyFile ?? (options.stateDir === undefined ? config?.keyFile : undefined) ?? `${stateDir}.key`,
    secretsFile: secretsFile ?? null,
    ageKeyFile:
      config === null || options.stateDir !== undefined ? `${stateDir}.age.key` : ageKeyPath(config),
    dockerHost: options.dockerHost ?? config?.dockerHost ?? process.env["DOCKER_HOST"],
    dockerConfig: dockerConfigPlace(config, process.env),
    remotes: config === null ? [] : remotesOf(config),
    ...hostSettings(config === null ? null : { config, configFile: options.config ?? standardConfigPath }),
    ...waitSettings({ timeouts: config?.timeouts ?? AgentConfig.shape.timeouts.parse(undefined) }),
  };
}

/** Says that nothing tells where this node has its things: without agent.yaml, all that its agent has made looks foreign. */
export function tellUnreadConfig(
  { config, stateDir }: Pick<NodeOptions, "config" | "stateDir">,
  output: Output,
): void {
  if (stateDir !== undefined || findAgentConfig(config) !== null) return;
  output.printError(`no agent.yaml was read: there is no ${standardConfigPath}; name it with --config FILE`);
}

/** The node's agent.yaml. Null when none was named and there is none at the standard path. */
export function findAgentConfig(path: string | undefined): AgentConfig | null {
  return findAgentDocument(path)?.value ?? null;
}

/** The same with the place of each key. */
export function findAgentDocument(path: string | undefined): Located<AgentConfig> | null {
  return path === undefined || (path === standardConfigPath && !existsSync(path))
    ? null
    : readAgentDocument(path);
}
