import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { KeelsonError, isSystemError, required, stalled } from "@keelson/model";

import { readPrivateFile, unreadable } from "./private-file.ts";

const keyBytes = 32;
const keyPattern = /^[0-9a-f]{64}\n?$/;
const what = "the node's key";

/**
 * The node's key, 32 bytes, made when the file is not there yet. Throws K5003 when others may read it, K5004 when it
 * is not a key, K5005 when it cannot be read or written.
 */
export function readOrMakeKey(path: string): Buffer {
  const bytes = readPrivateFile(path, what) ?? makeKey(path);
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

/** The first process that links has made the key; the others read that one. */
function makeKey(path: string): Uint8Array {
  const folder = dirname(path);
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      writeDraft(draft);
      linkSync(draft, path);
    } catch (error) {
      if (!isSystemError(error, "EEXIST")) throw error;
    } finally {
      removeDraft(draft);
    }
    syncFolder(folder);
  } catch (error) {
    throw unreadable({ path, what, cause: error });
  }
  return required(readPrivateFile(path, what), `${path}, which was just made`);
}

function writeDraft(path: string): void {
  const descriptor = openSync(path, "wx", 0o600);
  try {
    writeFileSync(descriptor, `${randomBytes(keyBytes).toString("hex")}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function removeDraft(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
