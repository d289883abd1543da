import type { NodeSecrets } from "@keelson/model";
import { openSecrets } from "@keelson/secrets";
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
