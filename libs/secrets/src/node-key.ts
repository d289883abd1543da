import { randomBytes } from "node:crypto";

import { KeelsonError, stalled } from "@keelson/model";

import { makePrivateFile, readPrivateFile } from "./private-file.ts";

const keyBytes = 32;
const keyPattern = /^[0-9a-f]{64}\n?$/;
const what = "the node's key";

/**
 * The node's key, 32 bytes, made when the file is not there yet. Throws K5003 when others may read it, K5004 when it
 * is not a key, K5005 when it cannot be read or written.
 */
export function readOrMakeKey(path: string): Buffer {
  const bytes =
    readPrivateFile(path, what) ??
    makePrivateFile({ path, what, text: `${randomBytes(keyBytes).toString("hex")}\n` });
  const text = Buffer.from(bytes).toString("latin1");
  if (!keyPattern.test(text)) {
    throw new KeelsonError({
      code: "K5004",
      message: `${what} ${path} is damaged: it must hold ${keyBytes * 2} hexadecimal digits`,
      // Not replaced by itself: with another key everything that runs here would count as foreign.
      hint: "Restore it from a backup. Without one, remove the file: a new key is made, and what runs here counts as foreign until it is adopted or removed by hand.",
      outcome: stalled,
    });
  }
  return Buffer.from(text.trimEnd(), "hex");
}
