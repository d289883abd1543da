import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { type AgentConfig, parseDurationMs } from "@keelson/model";
import { type NodeSettings, findComposeBinary, readAgentConfig } from "@keelson/node";
import { type Command, Option } from "commander";

export interface RepositoryOptions {
  repository: string;
}

export interface NodeOptions extends RepositoryOptions {
  environment?: string;
  node?: string;
  config?: string;
  stateDir?: string;
  keyFile?: string;
  secrets?: string;
  dockerHost?: string;
}

export function addRepositoryOption(command: Command): Command {
  // Resolved at once, so that messages and the status name a folder that can be found again.
  const option = new Option("-C, --repository <dir>", "state repository")
    .argParser((dir) => resolve(dir))
    .default(resolve("."), "the working directory");
  return command.addOption(option);
}

export function addReferenceOptions(command: Command): Command {
  return addRepositoryOption(command)
    .option("-e, --environment <name>", "environment (default: that of agent.yaml, or the only one)")
    .option("-n, --node <name>", "node (default: that of agent.yaml, or the only one)");
}

/** Options of commands that look at, or change, the machine they run on. */
export function addNodeOptions(command: Command): Command {
  return addReferenceOptions(command)
    .option("--config <file>", "agent.yaml of this node", defaultConfigPath)
    .option(
      "--state-dir <dir>",
      "where the node keeps what it placed (default: that of agent.yaml, or /var/lib/keelson)",
    )
    .option("--key-file <file>", "the node's key (default: that of agent.yaml, or <state-dir>.key)")
    .option("--secrets <file>", "YAML file of the node's secrets, mode 0600")
    .option(
      "--docker-host <address>",
      "address of the Docker engine (default: DOCKER_HOST, or the standard socket)",
    );
}

export const defaultConfigPath = "/etc/keelson/agent.yaml";
export const defaultStateDir = "/var/lib/keelson";

/** Flags over agent.yaml over defaults. */
export async function readNodeSettings(
  options: NodeOptions,
  reference: { environment: string; node: string },
): Promise<NodeSettings> {
  const config = findAgentConfig(options.config);
  const stateDir =
    options.stateDir === undefined ? (config?.stateDir ?? defaultStateDir) : resolve(options.stateDir);
  const keyFile = options.keyFile === undefined ? undefined : resolve(options.keyFile);
  const secretsFile = options.secrets === undefined ? config?.secretsFile : resolve(options.secrets);
  return {
    ...reference,
    stateDir,
    keyFile: keyFile ?? (options.stateDir === undefined ? config?.keyFile : undefined) ?? `${stateDir}.key`,
    secretsFile: secretsFile ?? null,
    dockerHost: options.dockerHost ?? config?.dockerHost ?? process.env["DOCKER_HOST"],
    composeBinary: await findComposeBinary(process.env),
    pullTimeoutMs: parseDurationMs(config?.timeouts.pull ?? "15m"),
  };
}

/** The node's configuration; null when there is none at the place where one was only expected. */
export function findAgentConfig(path: string | undefined): AgentConfig | null {
  return path === undefined || (path === defaultConfigPath && !existsSync(path))
    ? null
    : readAgentConfig(path);
}
