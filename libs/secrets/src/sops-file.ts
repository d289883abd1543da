import { createHash, timingSafeEqual } from "node:crypto";

import { type SealedFile, type SealedValue, isSealed } from "@keelson/model";

import { type AgeIdentity, openWith } from "./age-key.ts";
import { boundPath, openValue } from "./sops-value.ts";

/** A file that was opened. */
export interface OpenedFile {
  dataKey: Uint8Array;
  /** In the order of the file. */
  values: OpenedValue[];
}

export interface OpenedValue extends Pick<SealedValue, "path" | "line"> {
  text: string;
  wasSealed: boolean;
}

/** Why a file cannot be opened: no key of it is for this identity, or it is not as it was written. */
export type SealFault = { kind: "recipient" } | { kind: "value"; value: SealedValue } | { kind: "checksum" };

/** Opens a file with an age key, and checks that nothing of it was changed, moved, added or taken away. */
export async function openSealedFile(
  file: SealedFile,
  identity: AgeIdentity,
): Promise<{ opened: OpenedFile } | { fault: SealFault }> {
  const dataKey = await openDataKey(file, identity);
  if (dataKey === null) return { fault: { kind: "recipient" } };
  const values: OpenedValue[] = [];
  for (const value of file.values) {
    const wasSealed = isSealed(value.text);
    const bytes = wasSealed
      ? openValue(value.text, { dataKey, boundTo: boundPath(value.path) })
      : Buffer.from(value.text);
    if (bytes === null) return { fault: { kind: "value", value } };
    values.push({ path: value.path, line: value.line, text: bytes.toString("utf8"), wasSealed });
  }
  const mac = openValue(file.mac, { dataKey, boundTo: file.modifiedAt });
  const isWhole = mac !== null && areEqual(mac, Buffer.from(checksumOf(values, file)));
  return isWhole ? { opened: { dataKey, values } } : { fault: { kind: "checksum" } };
}

/** SHA-512 over all values, as upper-case hex (SOPS, sops.go: Tree.Encrypt). */
export function checksumOf(
  values: readonly Pick<OpenedValue, "text" | "wasSealed">[],
  { countsSealedOnly }: Pick<SealedFile, "countsSealedOnly">,
): string {
  const hash = createHash("sha512");
  // So that the two kinds of checksum never are the same.
  if (countsSealedOnly) hash.update(createHash("sha256").update("sops").digest());
  for (const { text, wasSealed } of values) if (wasSealed || !countsSealedOnly) hash.update(text);
  return hash.digest("hex").toUpperCase();
}

async function openDataKey({ keys }: SealedFile, identity: AgeIdentity): Promise<Uint8Array | null> {
  // Its own first: of a file with many recipients the others need not be tried.
  const own = keys.filter(({ recipient }) => recipient === identity.recipient);
  for (const { sealed } of own) {
    const key = await openWith(identity, sealed);
    if (key?.length === 32) return key;
  }
  return null;
}

function areEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
