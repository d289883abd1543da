import { bech32 } from "@scure/base";

/** What is an age recipient has this form; whether it was copied whole, its checksum tells (`isAgeRecipient`). */
export const ageRecipientForm = /^age1[a-z0-9]+$/;

const keyBytes = 32;

/**
 * Whether this is the public part of an age key: an X25519 key in Bech32, with its checksum (age-encryption.org/v1).
 * A recipient of a plugin is none: a node could not open what is encrypted to it.
 */
export function isAgeRecipient(text: string): boolean {
  if (!ageRecipientForm.test(text)) return false;
  const { prefix, words } = bech32.decodeUnsafe(text) ?? {};
  if (prefix !== "age" || words === undefined) return false;
  return bech32.fromWordsUnsafe(words)?.length === keyBytes;
}
