import { existsSync } from "node:fs";

import type { NodeSecrets } from "@keelson/model";
import { closedSecrets, openSecrets } from "@keelson/secrets";
import { readSealedFiles } from "@keelson/store";

import type { NodeSettings } from "./node-settings.ts";

/** Where the secrets of a node are. */
export type SecretSettings = Pick<NodeSettings, "stateDir" | "keyFile" | "secretsFile" | "ageKeyFile">;

/**
 * The node's secrets, with those from Git as its last round has opened them. What cannot be opened any more has no value: the next
 * round says why. Throws what the secrets and the store throw.
 */
export async function openNodeSecrets(settings: SecretSettings): Promise<NodeSecrets> {
  const secrets = await openSecrets(settings);
  await secrets.openSealed(await readSealedFiles(settings.stateDir));
  return secrets;
}

/**
 * The same for a plan, which makes no key. A node that has an age key alone has made nothing yet: what its own key would tell apart, any
 * key does. Without both, no value is known.
 */
export async function openPlanSecrets(settings: SecretSettings): Promise<NodeSecrets> {
  if (existsSync(settings.keyFile)) return openNodeSecrets(settings);
  return existsSync(settings.ageKeyFile) ? openSecrets({ ...settings, keyFile: null }) : closedSecrets();
}
