import { statSync } from "node:fs";
import { isAbsolute } from "node:path";

import type { AgentConfig } from "@keelson/model";
import { requireTrusted } from "@keelson/store";

import type { NodeSettings } from "./node-settings.ts";

/**
 * Throws K4016 when somebody else could change agent.yaml, which names what root runs, or a file that it names: who can
 * be logged in as, whom to believe, and a command or a config.json of Docker that gives a credential.
 */
export function requireTrustedConfig(
  path: string,
  { source, report, notify, dockerConfig }: AgentConfig,
): void {
  requireTrusted(path, "the agent's configuration");
  if (source.knownHosts !== undefined) requireTrusted(source.knownHosts, "the file of known hosts");
  if (dockerConfig !== undefined) requireTrusted(dockerConfig, "the file of logins to registries");
  for (const part of notify?.command ?? []) requireTrustedPart(part, "the notify command's file");
  for (const credential of [source.credential, report.credential, notify?.webhook?.credential]) {
    if (credential === undefined) continue;
    if ("file" in credential) requireTrusted(credential.file, "the credential file");
    else for (const part of credential.command) requireTrustedPart(part, "the credential command's file");
  }
}

/** Checks the program, and the scripts and files among its arguments. A bare name is found in PATH, which is root's. */
function requireTrustedPart(part: string, what: string): void {
  if (isAbsolute(part) && isFile(part)) requireTrusted(part, what);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // a missing file is the command's own error
  }
}

/** The entries of the state folder that a round trusts, or gives to the engine. */
const kept = [
  "record.db",
  "git",
  "report",
  "instances",
  "store",
  "compose",
  "sealed.json",
  "status.json",
  "told-command.json",
  "told-webhook.json",
];

/** Throws K4016 when another user could change the state folder, the key or the secrets. */
export function requireTrustedFolders({
  stateDir,
  keyFile,
  secretsFile,
  ageKeyFile,
}: Pick<NodeSettings, "stateDir" | "keyFile" | "secretsFile" | "ageKeyFile">): void {
  requireTrusted(stateDir, "the state folder");
  // Others may be allowed to read the folder: then each entry needs its own check.
  for (const name of kept) requireTrusted(`${stateDir}/${name}`, "the state folder's");
  requireTrusted(keyFile, "the node's key");
  requireTrusted(ageKeyFile, "the node's age key");
  if (secretsFile !== null) requireTrusted(secretsFile, "the secrets file");
}
