import { existsSync } from "node:fs";

import type { NodeSecrets } from "@keelson/model";
import { closedSecrets, openSecrets, openKeylessSecrets } from "@keelson/secrets";
import { readSealedFiles } from "@keelson/store";

import type { NodeSettings } from "./node-settings.ts";

/** Where the secrets of a node are. */
export type SecretSettings = Pick<NodeSettings, "stateDir" | "keyFile" | "secretsFile" | "ageKeyFile">;

/**
 * The node's secrets, with those from Git as its last round has opened them. What cannot be opened any more has no value: the next
 * round says why. Throws what the secrets and the store throw.
 */
export async function openNodeSecrets(settings: SecretSettings): Promise<NodeSecrets> {
  return withSealed(await openSecrets(settings), settings);
}

/** The same for a plan, which makes no key where the node has none yet. Without values each secret is taken to have one. */
export async function openSecretsToPlan(settings: SecretSettings): Promise<NodeSecrets> {
  const { keyFile, secretsFile, ageKeyFile } = settings;
  if (existsSync(keyFile)) return openNodeSecrets(settings);
  if (secretsFile === null && !(ageKeyFile !== null && existsSync(ageKeyFile))) return closedSecrets();
  return withSealed(openKeylessSecrets(settings), settings);
}

async function withSealed(secrets: NodeSecrets, settings: SecretSettings): Promise<NodeSecrets> {
  await secrets.openSealed(await readSealedFiles(settings.stateDir));
  return secrets;
}
