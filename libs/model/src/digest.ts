import { createHash } from "node:crypto";

import canonicalize from "canonicalize";

/** Hex SHA-256 of bytes or of UTF-8 text. */
export function digestBytes(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Hex SHA-256 of a value's canonical JSON (RFC 8785), so that key order never counts. */
export function digestValue(value: unknown): string {
  return digestBytes(canonicalText(value));
}

/** Canonical JSON (RFC 8785). */
export function canonicalText(value: unknown): string {
  return canonicalize(value) ?? "null";
}
