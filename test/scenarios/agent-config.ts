import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Credentials } from "../support/index.ts";

export interface AgentFiles {
  /** agent.yaml */
  readonly config: string;
  readonly secretsFile: string;
  readonly stateDir: string;
  /** Where the monitor answers, if there is one. */
  readonly monitorSocket: string;
}

/** What is set in agent.yaml, or what is made of it. */
export type ConfigChange =
  | Readonly<Record<string, unknown>>
  | ((config: Record<string, unknown>) => Record<string, unknown>);

/** What an administrator changes in agent.yaml: in one step, or as another file. Returns the path. */
export async function changeConfig(config: string, change: ConfigChange, as = config): Promise<string> {
  const before: Record<string, unknown> = parse(await readFile(config, "utf8"));
  const after = typeof change === "function" ? change(before) : { ...before, ...change };
  await writeFile(`${as}.draft`, stringify(after));
  await rename(`${as}.draft`, as);
  return as;
}

/** Writes an agent.yaml and what it names into a folder: what an administrator does on a node. */
export async function writeAgentFiles(
  folder: string,
  node: {
    environment: string;
    node: string;
    url: string;
    dockerHost: string | undefined;
    secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
    credentials: Credentials | undefined;
    /** The monitor's settings beside its socket; undefined: there is no monitor. */
    monitor: Readonly<Record<string, unknown>> | undefined;
    more: Readonly<Record<string, unknown>>;
  },
): Promise<AgentFiles> {
  const files = {
    config: join(folder, "agent.yaml"),
    secretsFile: join(folder, "secrets.yaml"),
    stateDir: join(folder, "state"),
    monitorSocket: join(folder, "monitor.sock"),
  };
  const { environment, node: name, url, dockerHost, credentials, monitor } = node;
  await writeFile(files.secretsFile, stringify(node.secrets), { mode: 0o600 });
  const credentialFile = join(folder, "credential");
  if (credentials !== undefined) {
    await writeFile(credentialFile, `${credentials.username}:${credentials.password}\n`, { mode: 0o600 });
  }
  const credential = credentials === undefined ? {} : { credential: { file: credentialFile } };
  await writeFile(
    files.config,
    stringify({
      environment,
      node: name,
      source: { url, branch: "main", ...credential },
      stateDir: files.stateDir,
      keyFile: join(folder, "node.key"),
      secretsFile: files.secretsFile,
      ...(dockerHost === undefined ? {} : { dockerHost }),
      ...(monitor === undefined ? {} : { monitor: { socket: files.monitorSocket, ...monitor } }),
      ...node.more,
    }),
  );
  return files;
}
