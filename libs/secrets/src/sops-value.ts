import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

// SOPS' own format (getsops/sops, aes/cipher.go): AES-256-GCM with a nonce of 32 bytes.
const cipher = "aes-256-gcm";
const nonceBytes = 32;
const pattern =
  /^ENC\[AES256_GCM,data:([A-Za-z0-9+/=]*),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:(str|int|float|bool|bytes|comment)\]$/;

/** A key, and what a value is bound to: it cannot be moved to another place without being found out. */
export interface ValuePlace {
  dataKey: Uint8Array;
  /** The path with a colon after each key, or the time of a checksum. */
  boundTo: string;
}

/** What SOPS binds the value of a path to. */
export function boundPath(path: readonly string[]): string {
  return `${path.join(":")}:`;
}

/** The bytes of a value that was encrypted; null when it was changed, moved, or is of another key. */
export function openValue(text: string, { dataKey, boundTo }: ValuePlace): Buffer | null {
  const [, data = "", nonce = "", tag = ""] = pattern.exec(text) ?? [];
  if (nonce === "") return null;
  try {
    const decipher = createDecipheriv(cipher, dataKey, Buffer.from(nonce, "base64"), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(boundTo)).setAuthTag(Buffer.from(tag, "base64"));
    return Buffer.concat([decipher.update(Buffer.from(data, "base64")), decipher.final()]);
  } catch {
    // Node says only that it could not; every reason is the same to whoever must not learn more.
    return null;
  }
}

/** `ENC[…]` of a text. An empty one stays as it is, as in SOPS. */
export function sealValue(text: string, { dataKey, boundTo }: ValuePlace): string {
  if (text === "") return "";
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, dataKey, nonce, { authTagLength: 16 });
  sealing.setAAD(Buffer.from(boundTo));
  const data = Buffer.concat([sealing.update(text, "utf8"), sealing.final()]);
  const [shown, iv, tag] = [data, nonce, sealing.getAuthTag()].map((bytes) => bytes.toString("base64"));
  return `ENC[AES256_GCM,data:${shown},iv:${iv},tag:${tag},type:str]`;
}
