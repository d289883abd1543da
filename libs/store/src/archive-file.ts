import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

import type { Chunks } from "@keelson/nar";

import { FolderError, calling } from "./folder-error.ts";

const bufferBytes = 256 * 1024;

/** The content of a file, in pieces that are valid until the next one is asked for. Throws `FolderError` (K9084). */
export function* readArchive(path: string): Generator<Uint8Array, void> {
  const reading = { shown: path, fault: "cannot be read" };
  const fd = calling(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), reading);
  try {
    if (!calling(() => fstatSync(fd), reading).isFile()) throw new FolderError(`${path} is not a file`);
    const buffer = Buffer.allocUnsafe(bufferBytes);
    for (;;) {
      const read = calling(() => readSync(fd, buffer, 0, bufferBytes, null), reading);
      if (read === 0) return;
      yield buffer.subarray(0, read);
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Writes an archive to a file, and hands on each piece that is written. The file is there after the last one, whole and
 * synced; before that, and after an error, what was there is left. Throws `FolderError` (K9084), also
 * where a link, a device, a pipe or a folder is in its place.
 */
export async function* writeArchive(path: string, archive: Chunks): AsyncGenerator<Uint8Array, void> {
  const writing = { shown: path, fault: "cannot be written" };
  // The draft takes the place of what is there, be it a device.
  const found = calling(() => lstatSync(path, { throwIfNoEntry: false }), writing);
  if (found?.isFile() === false) throw new FolderError(`${path} is there already, and is not a file`);
  const draft = `${path}.${randomBytes(4).toString("hex")}.partial`;
  const fd = calling(() => openSync(draft, "wx"), writing);
  let isOpen = true;
  try {
    for await (const chunk of archive) {
      for (let at = 0; at < chunk.length;) at += calling(() => writeSync(fd, chunk, at), writing);
      yield chunk;
    }
    calling(() => fsyncSync(fd), writing);
    closeSync(fd);
    isOpen = false;
    calling(() => renameSync(draft, path), writing);
    calling(() => syncFolder(dirname(path)), writing);
  } finally {
    if (isOpen) closeSync(fd);
    rmSync(draft, { force: true });
  }
}

function syncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
