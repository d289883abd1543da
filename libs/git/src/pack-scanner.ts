import { createHash } from "node:crypto";
import { crc32, inflateSync } from "node:zlib";
import type { ZlibOptions } from "node:zlib";

import { InvariantError } from "@keelson/model";

import { foreignCode } from "./git-error.ts";
import type { PackFailures } from "./pack-failure.ts";
import { readEntryHeader } from "./pack-header.ts";
import type { EntryHeader } from "./pack-header.ts";
import type { PackLimits } from "./pack-limits.ts";

/** One object as a pack has it. */
export interface PackEntry extends EntryHeader {
  /** Where its header begins in the pack. */
  offset: number;
  /** Where its compressed bytes begin and end. */
  dataOffset: number;
  endOffset: number;
  crc: number;
}

export interface PackScannerInput {
  limits: PackLimits;
  failures: PackFailures;
  /** Gets each object with its inflated content or delta. */
  take: (entry: PackEntry, inflated: Buffer) => void;
  /** Called between objects. */
  breathe: () => Promise<void>;
}

const headerBytes = 12;
const checksumBytes = 20;

/**
 * Takes a pack (gitformat-pack(5)) in pieces of any size, as they come, and hands over its objects one by one. Throws
 * K2017 for an object over a limit before it is inflated: its header has its size, and an object of another size is
 * damaged. Holds the compressed bytes of one object at most.
 */
export class PackScanner {
  readonly #input: PackScannerInput;
  readonly #hash = createHash("sha1");
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  /** No attempt before there is so much: else each packet of a large object would inflate it from its start. */
  #wantedBytes = headerBytes;
  #receivedBytes = 0;
  /** Where in the pack the held bytes begin. */
  #offset = 0;
  #left: number | null = null;
  #totalBytes = 0;
  #checksum: Buffer | null = null;

  constructor(input: PackScannerInput) {
    this.#input = input;
  }

  async push(chunk: Buffer): Promise<void> {
    const { limits, failures } = this.#input;
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes > limits.packBytes) throw failures.tooMuch(`more than ${limits.packBytes} bytes`);
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes >= this.#wantedBytes) await this.#scan();
  }

  /** The pack's checksum, once all of it has come; null for an empty pack or none. */
  async end(): Promise<Buffer | null> {
    const { failures } = this.#input;
    if (this.#receivedBytes === 0) return null;
    await this.#scan();
    if (this.#checksum === null || this.#heldBytes > 0) throw failures.damaged("it is cut off");
    return this.#offset === headerBytes + checksumBytes ? null : this.#checksum;
  }

  async #scan(): Promise<void> {
    let held = Buffer.concat(this.#chunks, this.#heldBytes);
    this.#wantedBytes = held.length + 1;
    for (let used = this.#step(held); used > 0; used = this.#step(held)) {
      held = held.subarray(used);
      this.#offset += used;
      this.#wantedBytes = held.length + 1;
      await this.#input.breathe();
    }
    this.#chunks = [held];
    this.#heldBytes = held.length;
  }

  /** Takes the next part of the pack if all of it has come. Returns its size, 0 if not. */
  #step(held: Buffer): number {
    if (this.#left === null) return this.#takeHeader(held);
    if (this.#left > 0) return this.#takeObject(held);
    return this.#takeChecksum(held);
  }

  #takeHeader(held: Buffer): number {
    const { limits, failures } = this.#input;
    if (held.length < headerBytes) return 0;
    // No Git ever wrote version 3.
    if (held.toString("latin1", 0, 4) !== "PACK" || held.readUInt32BE(4) !== 2) {
      throw failures.damaged("it is not a pack");
    }
    this.#left = held.readUInt32BE(8);
    if (this.#left > limits.objects) {
      throw failures.tooMuch(`${this.#left} objects, and at most ${limits.objects} are accepted`);
    }
    this.#hash.update(held.subarray(0, headerBytes));
    return headerBytes;
  }

  #takeObject(held: Buffer): number {
    const { failures, take } = this.#input;
    const header = readEntryHeader(held);
    if (header === "short") return 0;
    if (header === "damaged") throw failures.damaged("an object has no type");
    this.#checkSize(header);
    const inflated = this.#inflate(held, header);
    if (inflated === null) return 0;
    const used = header.headerBytes + inflated.usedBytes;
    const bytes = held.subarray(0, used);
    this.#hash.update(bytes);
    this.#left = (this.#left ?? 0) - 1;
    this.#totalBytes += header.sizeBytes;
    const offset = this.#offset;
    const place = { offset, dataOffset: offset + header.headerBytes, endOffset: offset + used };
    take({ ...header, ...place, crc: crc32(bytes) }, inflated.bytes);
    return used;
  }

  #checkSize({ type, sizeBytes }: EntryHeader): void {
    const { limits, failures } = this.#input;
    // The size of what a delta makes is checked when its base is known.
    const limit = limits.objectBytes[type === "delta" ? "blob" : type];
    if (sizeBytes > limit) throw failures.tooLarge(type, { sizeBytes, limit });
    if (this.#totalBytes + sizeBytes > limits.totalBytes) throw failures.tooMuchInAll(limits);
  }

  /** Null while some of the object has not come. */
  #inflate(held: Buffer, { headerBytes: start, sizeBytes }: EntryHeader) {
    const { failures } = this.#input;
    const options = {
      info: true as const,
      maxOutputLength: Math.max(1, sizeBytes),
      chunkSize: chunkSize(sizeBytes),
    };
    try {
      const { buffer, engine } = inflateKnowing(held.subarray(start), options);
      if (buffer.length !== sizeBytes) throw failures.damaged("an object is smaller than it says");
      if (engine.bytesWritten > longestBytes(sizeBytes)) throw failures.damaged(tooLong);
      return { bytes: buffer, usedBytes: engine.bytesWritten };
    } catch (error) {
      const code = foreignCode(error);
      if (code === "ERR_BUFFER_TOO_LARGE") throw failures.damaged("an object is larger than it says");
      if (code !== "Z_BUF_ERROR")
        throw code.startsWith("Z_") ? failures.damaged("an object does not inflate", error) : error;
      const longest = start + longestBytes(sizeBytes);
      if (held.length >= longest) throw failures.damaged(tooLong);
      this.#wantedBytes = Math.min(longest, 2 * held.length);
      return null;
    }
  }

  #takeChecksum(held: Buffer): number {
    const { failures } = this.#input;
    if (this.#checksum !== null) {
      if (held.length > 0) throw failures.damaged("there is more after its checksum");
      return 0;
    }
    if (held.length < checksumBytes) return 0;
    this.#checksum = this.#hash.digest();
    if (!this.#checksum.equals(held.subarray(0, checksumBytes)))
      throw failures.damaged("its checksum is wrong");
    return checksumBytes;
  }
}

interface Inflated {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

/** With `info`, zlib also says how many bytes it has used (nodejs.org/api/zlib.html). Its types do not have that. */
function inflateKnowing(bytes: Buffer, options: ZlibOptions): Inflated {
  const inflated: unknown = inflateSync(bytes, { ...options, info: true });
  if (!isInflated(inflated)) throw new InvariantError("zlib does not say how many bytes it has used");
  return inflated;
}

function isInflated(value: unknown): value is Inflated {
  return typeof value === "object" && value !== null && "buffer" in value && "engine" in value;
}

/** The size of zlib's pieces of output: for a small object one piece. */
export function chunkSize(sizeBytes: number): number {
  return Math.min(Math.max(64, sizeBytes), 64 * 1024);
}

const tooLong = "an object has more bytes than it needs";

/** Twice what a program needs that does not compress at all. */
function longestBytes(sizeBytes: number): number {
  return 2 * sizeBytes + 1024;
}
