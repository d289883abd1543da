import { makeAgeKey, readRecipient } from "@keelson/secrets";
import { requireTrusted } from "@keelson/store";

/**
 * The public part of the node's age key, which is made where there is none. Throws K4016 when another user could change the key,
 * and what `makeAgeKey` and `readRecipient` throw.
 */
export async function makeRecipient(ageKeyFile: string): Promise<string | null> {
  requireTrusted(ageKeyFile, "the node's age key");
  await makeAgeKey(ageKeyFile);
  return readRecipient(ageKeyFile);
}

/** The same for a status; null where that fails: opening the secrets says why. */
export async function findRecipient(ageKeyFile: string): Promise<string | null> {
  try {
    return await makeRecipient(ageKeyFile);
  } catch {
    return null;
  }
}
