import { existsSync } from "node:fs";

import { type EngineInfo, connectEngine, engineInfo } from "@keelson/engine";
import { findBranchTip } from "@keelson/git";
import { type AgentConfig, KeelsonError, type RecordState, parseDurationMs } from "@keelson/model";
import { openRecordCopy } from "@keelson/record";
import { readAgentConfig, recordPath } from "@keelson/node";

import { attempt } from "./verdict.ts";

export interface DiagnosisInput {
  /** Of agent.yaml. */
  configFile: string;
  /** These win over agent.yaml, as for the other commands. Absolute paths. */
  stateDir?: string | undefined;
  keyFile?: string | undefined;
  secretsFile?: string | undefined;
  dockerHost?: string | undefined;
  /** When neither gives one. */
  defaultStateDir: string;
  environment: {
    KEELSON_COMPOSE?: string;
    HOME?: string;
    DOCKER_HOST?: string;
    DOCKER_CONFIG?: string;
    PATH?: string;
  };
}

/** The node that is checked. What several checks need is read once; each of them shows an error of it. */
export interface ExaminedNode {
  configFile: string;
  config: AgentConfig | KeelsonError;
  stateDir: string;
  keyFile: string;
  secretsFile: string | null;
  /** undefined: the standard socket. */
  dockerHost: string | undefined;
  environment: DiagnosisInput["environment"];
  engine: Promise<EngineInfo | KeelsonError>;
  /** The commit that the followed branch is at; of no meaning without agent.yaml, whose error it is then. */
  branchTip: Promise<string | KeelsonError>;
  /** null when there is none yet. */
  record: Promise<RecordState | null | KeelsonError>;
}

/** A person waits for the answer, so a server gets less time than a round gives it. */
const longestGitMs = 20_000;
export const engineTimeoutMs = 10_000;

/** Begins to read what the checks need. */
export async function examineNode(input: DiagnosisInput): Promise<ExaminedNode> {
  const { configFile, environment } = input;
  const config = await attempt(() => readAgentConfig(configFile));
  const written = config instanceof KeelsonError ? null : config;
  const stateDir = input.stateDir ?? written?.stateDir ?? input.defaultStateDir;
  const dockerHost = input.dockerHost ?? written?.dockerHost ?? environment.DOCKER_HOST;
  const address = dockerHost === undefined ? {} : { dockerHost };
  return {
    configFile,
    config,
    stateDir,
    // With another state folder it is another node, which has another key.
    keyFile:
      input.keyFile ?? (input.stateDir === undefined ? written?.keyFile : undefined) ?? `${stateDir}.key`,
    secretsFile: input.secretsFile ?? written?.secretsFile ?? null,
    dockerHost,
    environment,
    engine: attempt(async () => engineInfo(connectEngine({ ...address, timeoutMs: engineTimeoutMs }))),
    branchTip: config instanceof KeelsonError ? Promise.resolve(config) : askBranch(config),
    record: attempt(() => readRecord(recordPath({ stateDir }))),
  };
}

/** What the doors of `git` take for the followed repository. */
export function sourceOf(config: AgentConfig) {
  const { url, credential, knownHosts: knownHostsFile } = config.source;
  return { url, credential, knownHostsFile, timeoutMs: gitTimeoutMs(config) };
}

async function askBranch(config: AgentConfig): Promise<string | KeelsonError> {
  return await attempt(async () => findBranchTip({ ...sourceOf(config), branch: config.source.branch }));
}

export function gitTimeoutMs({ timeouts }: AgentConfig): number {
  return Math.min(parseDurationMs(timeouts.git), longestGitMs);
}

function readRecord(path: string): RecordState | null {
  if (!existsSync(path)) return null;
  using copy = openRecordCopy({ path });
  return copy.readState();
}
