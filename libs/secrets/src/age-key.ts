import { KeelsonError, stalled } from "@keelson/model";

import { makePrivateFile, readPrivateFile } from "./private-file.ts";

/** An age key (age-encryption.org/v1, X25519) with its public part. */
export interface AgeIdentity {
  /** `AGE-SECRET-KEY-1…` */
  key: string;
  /** `age1…` */
  recipient: string;
}

const what = "the node's age key";

/**
 * The node's age key; null when there is no such file. Throws K5003 when others may read it, K4026 when it holds no key,
 * and K5005 when it cannot be read.
 */
export async function readAgeKey(path: string): Promise<AgeIdentity | null> {
  const bytes = readPrivateFile(path, what);
  return bytes === null ? null : identityIn(Buffer.from(bytes).toString("utf8"), path);
}

/** Makes the node's age key where there is none. Throws K5003 and K5005. */
export async function makeAgeKey(path: string): Promise<void> {
  if (readPrivateFile(path, what) !== null) return;
  const { generateX25519Identity, identityToRecipient } = await age();
  const key = await generateX25519Identity();
  makePrivateFile({ path, what, text: `# public key: ${await identityToRecipient(key)}\n${key}\n` });
}

/**
 * The public part of the node's age key, `age1…`; null when there is no key. The comment that age-keygen writes says it, without a
 * library. Throws as `readAgeKey`.
 */
export async function readRecipient(path: string): Promise<string | null> {
  const bytes = readPrivateFile(path, what);
  if (bytes === null) return null;
  const text = Buffer.from(bytes).toString("utf8");
  const [, said] = /^# public key: (age1[a-z0-9]+)\s*\nAGE-SECRET-KEY-1/m.exec(text) ?? [];
  return said ?? (await identityIn(text, path)).recipient;
}

/** The first key in a text as age-keygen writes it, with lines of comments. */
async function identityIn(text: string, path: string): Promise<AgeIdentity> {
  const key = text
    .split("\n")
    .map((line) => line.trim())
    .find((line) => line.startsWith("AGE-SECRET-KEY-1"));
  try {
    if (key === undefined) throw new Error("it has no line AGE-SECRET-KEY-1…");
    return { key, recipient: await (await age()).identityToRecipient(key) };
  } catch {
    // The library's words could quote the key.
    throw new KeelsonError({
      code: "K4026",
      message: `${what} ${path} is damaged: it has no key as age-keygen writes it`,
      hint: "Restore it from a backup. Without one, remove it: a new key is made; put its public part into the node's file, and run keelson secrets rotate.",
      outcome: stalled,
    });
  }
}

/** What was encrypted to the identity's recipient, armoured; null when it was not, or was changed. */
export async function openWith({ key }: AgeIdentity, armored: string): Promise<Uint8Array | null> {
  const { Decrypter, armor } = await age();
  const decrypter = new Decrypter();
  decrypter.addIdentity(key);
  try {
    return await decrypter.decrypt(armor.decode(armored.trim()));
  } catch {
    return null;
  }
}

/** Bytes encrypted to a recipient, armoured. Throws when that is none. */
export async function sealTo(recipient: string, bytes: Uint8Array): Promise<string> {
  const { Encrypter, armor } = await age();
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return armor.encode(await encrypter.encrypt(bytes));
}

/** Loaded only where something is sealed: most nodes need none of it. */
async function age() {
  return import("age-encryption");
}
