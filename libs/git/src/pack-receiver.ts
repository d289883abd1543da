import { readSync } from "node:fs";
import { mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { inflateSync } from "node:zlib";

import { gitError } from "./git-error.ts";
import { onDisk } from "./local-copy.ts";
import { packFailures } from "./pack-failure.ts";
import { writePackIndex } from "./pack-index.ts";
import { PackIndexer } from "./pack-indexer.ts";
import type { PackLimits } from "./pack-limits.ts";
import { PackScanner, chunkSize } from "./pack-scanner.ts";
import type { PackEntry } from "./pack-scanner.ts";

export interface PackReceiverInput {
  /** The bare repository that the pack is for. One caller at a time. */
  gitDir: string;
  limits: PackLimits;
  /** The sender's name in messages. */
  name: string;
  signal: AbortSignal;
}

/** A pack on its way into a repository. Disposing it removes what was not installed. */
export interface PackReceiver extends AsyncDisposable {
  /** The largest size that the pack may have. */
  packBytes: number;
  /** Takes the next piece. Throws K2017 over a limit, `DamageError`, K2005, K2012. */
  write: (chunk: Buffer) => Promise<void>;
  /** Adds the whole pack to the repository. Does nothing for an empty pack or none. */
  install: () => Promise<void>;
}

/** How long timers may wait for this, and with them the call's deadline. */
const breathMs = 20;

/**
 * Opens a receiver that writes a pack to the disk and computes its index on the way. Needs constant memory for any
 * pack.
 */
export async function openPackReceiver(input: PackReceiverInput): Promise<PackReceiver> {
  const { gitDir, limits } = input;
  const folder = join(gitDir, "objects", "pack");
  // Git takes no file without the ending .pack for a pack, also when a kill leaves this one there.
  const incoming = join(folder, "incoming");
  const failures = packFailures(input.name);
  const file = await onDisk(gitDir, async () => {
    await mkdir(folder, { recursive: true });
    return await open(incoming, "w+");
  });
  const breathe = makeBreathe(input);
  const indexer = new PackIndexer({ limits, failures, breathe, read: (entry) => readAgain(file, entry) });
  const scanner = new PackScanner({
    limits,
    failures,
    breathe,
    take: (entry, inflated) => indexer.take(entry, inflated),
  });

  const install = async () => {
    const checksum = await scanner.end();
    if (checksum === null) return;
    const index = writePackIndex(await indexer.finish(), checksum);
    const path = join(folder, `pack-${checksum.toString("hex")}`);
    await rename(incoming, `${path}.pack`);
    // Nothing reads a pack before its index is there.
    await writeFile(`${path}.idx.new`, index);
    await rename(`${path}.idx.new`, `${path}.idx`);
  };

  return {
    packBytes: limits.packBytes,
    write: (chunk) =>
      onDisk(gitDir, async () => {
        await scanner.push(chunk);
        await file.writeFile(chunk);
      }),
    install: () => onDisk(gitDir, install),
    [Symbol.asyncDispose]: async () => {
      await file.close();
      await rm(incoming, { force: true });
    },
  };
}

function makeBreathe({ signal, name }: PackReceiverInput): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < breathMs) return;
    await setImmediate();
    if (signal.aborted) throw gitError("K2005", { message: `the pack that ${name} sends takes too long` });
    last = performance.now();
  };
}

/** Cannot fail on its content: the scanner has inflated it once, to the same size. */
function readAgain(file: FileHandle, { dataOffset, endOffset, sizeBytes }: PackEntry): Buffer {
  const bytes = Buffer.allocUnsafe(endOffset - dataOffset);
  readSync(file.fd, bytes, 0, bytes.length, dataOffset);
  return inflateSync(bytes, { maxOutputLength: Math.max(1, sizeBytes), chunkSize: chunkSize(sizeBytes) });
}
