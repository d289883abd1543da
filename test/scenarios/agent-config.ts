import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Credentials } from "../support/index.ts";

export interface AgentFiles {
  /** agent.yaml */
  readonly config: string;
  readonly secretsFile: string;
  readonly stateDir: string;
}

/** Writes an agent.yaml and what it names into a folder: what an administrator does on a node. */
export async function writeAgentFiles(
  folder: string,
  on: {
    environment: string;
    node: string;
    url: string;
    dockerHost: string | undefined;
    secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
    credentials: Credentials | undefined;
    more: Readonly<Record<string, unknown>>;
  },
): Promise<AgentFiles> {
  const files = {
    config: join(folder, "agent.yaml"),
    secretsFile: join(folder, "secrets.yaml"),
    stateDir: join(folder, "state"),
  };
  const { environment, node, url, dockerHost, credentials } = on;
  await writeFile(files.secretsFile, stringify(on.secrets), { mode: 0o600 });
  const credentialFile = join(folder, "credential");
  if (credentials !== undefined) {
    await writeFile(credentialFile, `${credentials.username}:${credentials.password}\n`, { mode: 0o600 });
  }
  const credential = credentials === undefined ? {} : { credential: { file: credentialFile } };
  await writeFile(
    files.config,
    stringify({
      environment,
      node,
      source: { url, branch: "main", ...credential },
      stateDir: files.stateDir,
      keyFile: join(folder, "node.key"),
      secretsFile: files.secretsFile,
      ...(dockerHost === undefined ? {} : { dockerHost }),
      ...on.more,
    }),
  );
  return files;
}
