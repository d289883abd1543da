import { resolve } from "node:path";

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
  // Resolved at once: messages and the status must name a folder that can be found from anywhere.
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

/** Options of commands that read or change the machine they run on. */
export function addNodeOptions(command: Command): Command {
  return addReferenceOptions(command)
    .addOption(configOption())
    .option("--state-dir <dir>", "the node's state folder (default: that of agent.yaml, or /var/lib/keelson)")
    .option("--key-file <file>", "the node's key (default: that of agent.yaml, or <state-dir>.key)")
    .option("--secrets <file>", "YAML file of the node's secrets, mode 0600")
    .option(
      "--docker-host <address>",
      "address of the Docker engine (default: DOCKER_HOST, or the standard socket)",
    );
}

export function configOption(): Option {
  return new Option("--config <file>", "agent.yaml of this node").default(defaultConfigPath, configDefault);
}

export const standardConfigPath = "/etc/keelson/agent.yaml";
/** agent.yaml where no option names one. A variable that is set and empty names none. */
export const defaultConfigPath = process.env["KEELSON_CONFIG"] || standardConfigPath;
export const configDefault = `KEELSON_CONFIG, or ${standardConfigPath}`;
export const defaultStateDir = "/var/lib/keelson";
