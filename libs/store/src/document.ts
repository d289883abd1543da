import { closeSync, constants, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";

import { at, kindOf, removeFile, syncFolder } from "./folder.ts";
import type { Folder } from "./folder.ts";
import { readOrdinaryFile } from "./placed-file.ts";
import { refusedEntry } from "./store-error.ts";

const documentBytesLimit = 64 * 1024 * 1024;

/** A document of ours, or null when there is none. Throws K4006 when something else is in its place. */
export function readDocument(folder: Folder, name: string): string | null {
  if (kindOf(folder, name) === null) return null;
  const read = readOrdinaryFile(folder, { name, limit: documentBytesLimit });
  if (read !== null) return read.bytes.toString("utf8");
  throw refusedEntry(`${folder.path}/${name}`, "it must be an ordinary file");
}

/**
 * Writes a document (0600) so that a reader sees the old or the new one; one that is equal is not touched. Without a
 * pause inside, so no two writers of one process meet.
 */
export function writeDocument(folder: Folder, { name, text }: { name: string; text: string }): void {
  const bytes = Buffer.from(text);
  const found = readOrdinaryFile(folder, { name, limit: bytes.length });
  if (found !== null && found.mode === 0o600 && found.bytes.equals(bytes)) return;
  const draft = `.${name}.new`;
  // A killed agent may have left one.
  removeFile(folder, draft);
  try {
    writeDraft(folder, { name: draft, bytes });
    renameSync(at(folder, draft), at(folder, name));
  } catch (error) {
    removeFile(folder, draft);
    throw error;
  }
  syncFolder(folder);
}

function writeDraft(folder: Folder, { name, bytes }: { name: string; bytes: Uint8Array }): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(at(folder, name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    writeFileSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
