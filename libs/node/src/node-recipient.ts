import { makeAgeKey, readRecipient } from "@keelson/secrets";

/** The public part of the node's age key, which is made if it is not there; null where that fails: opening the secrets says why. */
export async function findRecipient(ageKeyFile: string): Promise<string | null> {
  try {
    await makeAgeKey(ageKeyFile);
    return await readRecipient(ageKeyFile);
  } catch {
    return null;
  }
}
