import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";

import { type AgentConfig, KeelsonError, count, isSystemError, octal } from "@keelson/model";
import { countSecrets } from "@keelson/secrets";
import { requireTrusted } from "@keelson/store";

import type { ExaminedNode } from "./examined-node.ts";
import { type Verdict, attempt, failed, failure, ok, skipped, warning } from "./verdict.ts";

export const withoutConfig = "agent.yaml is missing or not valid";

export async function examineConfig({ configFile, config }: ExaminedNode): Promise<Verdict> {
  const stats = await statsOf(configFile);
  if (stats === null) {
    return failure(
      `there is no ${configFile}`,
      "Write it with environment, node and source.url (docs/spec/agent.md shows one), or name another with --config FILE.",
    );
  }
  if (config instanceof KeelsonError) return failed(config);
  return ok(`${configFile}: node ${config.node} of environment ${config.environment}`);
}

/** Files that credentials are read from. Their content is not read here. */
export async function examineCredentials({ config }: ExaminedNode): Promise<Verdict> {
  if (config instanceof KeelsonError) return skipped(withoutConfig);
  const files = credentialFiles(config);
  if (files.length === 0) return skipped("agent.yaml names no file with a credential");
  for (const file of files) {
    const stats = await statsOf(file);
    if (stats === null) {
      const hint = "Put the token, user:password, private key or logins there, with mode 0600.";
      return failure(`there is no ${file}`, hint);
    }
    if ((stats.mode & 0o077) !== 0) {
      return warning(`${file} is open to others (mode ${octal(stats.mode)})`, `Run: chmod 600 ${file}`);
    }
  }
  return ok(files.join(", "));
}

export async function examineSecretsFile({ secretsFile }: ExaminedNode): Promise<Verdict> {
  if (secretsFile === null) return skipped("no secrets file is named");
  const values = await attempt(() => {
    requireTrusted(secretsFile, "the secrets file");
    return countSecrets(secretsFile);
  });
  return values instanceof KeelsonError ? failed(values) : ok(`${secretsFile}: ${count(values, "value")}`);
}

function credentialFiles({ source, report, notify, dockerConfig }: AgentConfig): string[] {
  const credentials = [
    source.credential,
    report.as === "none" ? undefined : report.credential,
    notify?.webhook?.credential,
  ];
  const files = credentials.flatMap((each) => (each !== undefined && "file" in each ? [each.file] : []));
  return [...new Set([...files, ...(dockerConfig === undefined ? [] : [dockerConfig])])];
}

/** null for a file that does not exist or cannot be seen. */
async function statsOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "EACCES", "ELOOP")) return null;
    throw error;
  }
}
