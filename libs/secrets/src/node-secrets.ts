import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { KeelsonError, digestBytes, missingSecretHint, replacePlaceholders, stalled } from "@keelson/model";
import type { NodeSecrets } from "@keelson/model";

import { type AgeIdentity, readAgeKey } from "./age-key.ts";
import { closedSecrets } from "./closed-secrets.ts";
import { findEnvironmentFault } from "./environment-entry.ts";
import { type KnownValues, newKnownValues } from "./known-values.ts";
import { readOrMakeKey } from "./node-key.ts";
import { isPlainText } from "./plain-text.ts";
import { openSealedSecrets } from "./sealed-secrets.ts";
import { readSecretsFile } from "./secrets-file.ts";

export interface SecretsInput {
  /** Absolute path of the node's key; made with its folder when it is missing. */
  keyFile: string;
  /** Absolute path of the secrets file, or null when the node has none. */
  secretsFile: string | null;
  /** Absolute path of the node's age key, or null where nothing from Git is opened. It need not be there. */
  ageKeyFile: string | null;
}

/**
 * Opens the node's keys and its secrets. Throws K5001 (malformed secrets file), K5003 (others may read a file),
 * K5004 (damaged key) or K5005 (a file cannot be read or written).
 */
export async function openSecrets(input: SecretsInput): Promise<NodeSecrets> {
  return Promise.resolve(openWith(readOrMakeKey(input.keyFile), input));
}

/**
 * Those of a node that has no key yet, which is not made: it knows its values, and nothing is its own. Throws K5001, K5003 or
 * K5005.
 */
export function openKeylessSecrets(input: Omit<SecretsInput, "keyFile">): NodeSecrets {
  const { ownerOf, ownershipOf, digestContent, keyedDigest } = closedSecrets();
  return { ...openWith(randomBytes(32), input), ownerOf, ownershipOf, digestContent, keyedDigest };
}

function openWith(key: Uint8Array, input: Omit<SecretsInput, "keyFile">): NodeSecrets {
  const values = input.secretsFile === null ? new Map<string, string>() : readSecretsFile(input.secretsFile);
  const { ageKeyFile } = input;
  const findIdentity = async () => (ageKeyFile === null ? null : readAgeKey(ageKeyFile));
  return secretsOf(key, values, findIdentity);
}

/** What keys and values give. The values stay in closures, so that printing the object shows none. */
export function secretsOf(
  key: Uint8Array,
  own: ReadonlyMap<string, string>,
  findIdentity: () => Promise<AgeIdentity | null> = async () => Promise.resolve(null),
): NodeSecrets {
  const ownerKey = keyFor("owner label", key);
  const contentKey = keyFor("content digest", key);

  const values = newKnownValues(own);
  const ownerOf = (resourceId: string) => hmac(ownerKey, resourceId);
  const keyedDigest = (bytes: Uint8Array) => hmac(contentKey, bytes);
  const fillSecrets = (content: Uint8Array) => fill(content, values);
  return {
    hasValue: (name) => values.has(name),
    isKnown: (name) => values.has(name),
    openSealed: async (files) => {
      // Most nodes have none of them, and need no cryptography to be loaded.
      const sealed =
        files.length === 0 ? nothingSealed : await openSealedSecrets(files, await findIdentity());
      values.takeSealed(sealed.values);
      return sealed.problems;
    },
    ownerOf,
    ownershipOf: (resourceId, label) => {
      if (label === undefined) return "foreign";
      return equalInConstantTime(label, ownerOf(resourceId)) ? "ours" : "forged";
    },
    digestContent: (content, secrets) => {
      if (secrets.length === 0) return digestBytes(content);
      // Not an error here: a missing value is a problem of a document, and `render` knows its place.
      const isWhole = secrets.every((name) => values.has(name));
      return isWhole ? keyedDigest(fillSecrets(content)) : `unknown:${digestBytes(content)}`;
    },
    keyedDigest,
    fillSecrets,
    findEnvironmentFault: (entry) => findEnvironmentFault(fillSecrets(Buffer.from(entry))),
    isPlain: (name) => isPlainText(values.get(name) ?? ""),
    hideValues: values.hide,
  };
}

const nothingSealed = { values: new Map<string, string>(), problems: [] };

/** One key for each use (HKDF, RFC 5869): what is an HMAC in one place proves nothing in another. */
function keyFor(use: string, key: Uint8Array): Buffer {
  return Buffer.from(hkdfSync("sha256", key, "", `keelson ${use} v1`, 32));
}

function hmac(key: Buffer, message: Uint8Array | string): string {
  return createHmac("sha256", key).update(message).digest("hex");
}

/** A person who may start containers can try labels again and again, so the time must not show how much of one is right. */
function equalInConstantTime(label: string, expected: string): boolean {
  const [a, b] = [Buffer.from(label), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Latin-1 maps every byte to one character and back, so what is not UTF-8 stays as it is. */
function fill(content: Uint8Array, values: Pick<KnownValues, "get">): Uint8Array {
  const text = Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString("latin1");
  const filled = replacePlaceholders(text, ({ name, asJson }) => {
    const value = values.get(name);
    if (value === undefined) throw missingValue(name);
    const written = asJson ? JSON.stringify(value).slice(1, -1) : value;
    return Buffer.from(written, "utf8").toString("latin1");
  });
  return Buffer.from(filled, "latin1");
}

function missingValue(name: string): KeelsonError {
  return new KeelsonError({
    code: "K5002",
    message: `the secret ${name} has no value on this node`,
    hint: missingSecretHint(name),
    outcome: stalled,
  });
}
