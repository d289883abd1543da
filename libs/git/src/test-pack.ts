import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";

/** An object as it stands in a pack; what is left out is as it should be. */
export interface TestObject {
  type: "commit" | "tree" | "blob" | "tag";
  content: Buffer;
  /** What its header says. */
  sizeBytes?: number;
  compressed?: Buffer;
}

export interface TestDelta {
  /** Counted in objects, or the id of another. */
  base: { index: number } | { oid: string } | { back: number };
  delta: Buffer;
  sizeBytes?: number;
}

const codes = { commit: 1, tree: 2, blob: 3, tag: 4 } as const;

/** A pack made by hand, so that it can be one that Git would not make. */
export function makePack(
  objects: readonly (TestObject | TestDelta)[],
  { count = objects.length, checksum }: { count?: number; checksum?: Buffer } = {},
): Buffer {
  const header = Buffer.from("PACK\0\0\0\x02\0\0\0\0", "latin1");
  header.writeUInt32BE(count, 8);
  const parts: Buffer[] = [header];
  const offsets: number[] = [];
  let offset = header.length;
  for (const object of objects) {
    const part = "delta" in object ? writeDelta(object, { offset, offsets }) : writeObject(object);
    offsets.push(offset);
    offset += part.length;
    parts.push(part);
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([body, checksum ?? createHash("sha1").update(body).digest()]);
}

function writeObject({ type, content, sizeBytes, compressed }: TestObject): Buffer {
  const header = writeHeader(codes[type], sizeBytes ?? content.length);
  return Buffer.concat([header, compressed ?? deflateSync(content)]);
}

function writeDelta(
  { base, delta, sizeBytes }: TestDelta,
  { offset, offsets }: { offset: number; offsets: readonly number[] },
): Buffer {
  const size = sizeBytes ?? delta.length;
  if ("oid" in base) {
    return Buffer.concat([writeHeader(7, size), Buffer.from(base.oid, "hex"), deflateSync(delta)]);
  }
  const back = "back" in base ? base.back : offset - (offsets[base.index] ?? 0);
  return Buffer.concat([writeHeader(6, size), writeBack(back), deflateSync(delta)]);
}

function writeHeader(code: number, sizeBytes: number): Buffer {
  const rest = Math.floor(sizeBytes / 16);
  const first = (code << 4) | (sizeBytes % 16);
  return rest === 0 ? Buffer.from([first]) : Buffer.concat([Buffer.from([first | 0x80]), writeSize(rest)]);
}

function writeBack(back: number): Buffer {
  const digits = [back % 128];
  for (let rest = Math.floor(back / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest -= 1;
    digits.unshift(0x80 | (rest % 128));
  }
  return Buffer.from(digits);
}

function writeSize(value: number): Buffer {
  const digits: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...digits, rest]);
    digits.push(0x80 | (rest % 128));
  }
}

/** A delta: the sizes of base and result, and instructions. */
export function makeDelta(
  sizes: { base: number; result: number },
  instructions: readonly (Buffer | { start: number; bytes: number })[],
): Buffer {
  const parts = instructions.map((instruction) => {
    if (Buffer.isBuffer(instruction)) return Buffer.from([instruction.length, ...instruction]);
    const copy = Buffer.alloc(8);
    copy[0] = 0xff;
    copy.writeUInt32LE(instruction.start, 1);
    copy.writeUIntLE(instruction.bytes, 5, 3);
    return copy;
  });
  return Buffer.concat([writeSize(sizes.base), writeSize(sizes.result), ...parts]);
}

export function oidOf(type: string, content: Buffer): string {
  return createHash("sha1").update(`${type} ${content.length}\0`).update(content).digest("hex");
}
