import type { ObjectType } from "./pack-limits.ts";

export interface EntryHeader {
  type: ObjectType | "delta";
  /** Of a delta: how many bytes before the delta its base begins in the pack, or the id of its base. */
  base: { back: number } | { oid: string } | null;
  /** Of the inflated content or delta. */
  sizeBytes: number;
  headerBytes: number;
}

const types: Record<number, EntryHeader["type"]> = {
  1: "commit",
  2: "tree",
  3: "blob",
  4: "tag",
  6: "delta",
  7: "delta",
};
const backDelta = 6;
const oidBytes = 20;
/** More digits than any size or offset has. */
const maxDigits = 10;

/** Reads the header before an object's compressed bytes (gitformat-pack(5)); `short` while some of it has not come. */
export function readEntryHeader(bytes: Buffer): EntryHeader | "short" | "damaged" {
  const first = bytes[0];
  if (first === undefined) return "short";
  const code = (first >> 4) & 0b111;
  const type = types[code];
  if (type === undefined) return "damaged";
  const last = findLast(bytes, 0);
  if (typeof last === "string") return last;
  let sizeBytes = first & 0b1111;
  for (let at = 1; at <= last; at++) sizeBytes += ((bytes[at] ?? 0) & 0x7f) * 2 ** (7 * at - 3);
  const start = last + 1;
  if (type !== "delta") return { type, base: null, sizeBytes, headerBytes: start };
  if (code === backDelta) {
    const end = findLast(bytes, start);
    if (typeof end === "string") return end;
    let back = 0;
    // Each further digit adds one, so that each offset has only one form.
    for (let at = start; at <= end; at++)
      back = (at === start ? 0 : back + 1) * 128 + ((bytes[at] ?? 0) & 0x7f);
    return { type, base: { back }, sizeBytes, headerBytes: end + 1 };
  }
  const end = start + oidBytes;
  if (bytes.length < end) return "short";
  return { type, base: { oid: bytes.toString("hex", start, end) }, sizeBytes, headerBytes: end };
}

/** The last byte of a number in groups of seven bits. */
function findLast(bytes: Buffer, start: number): number | "short" | "damaged" {
  for (let at = start; at < start + maxDigits; at++) {
    const byte = bytes[at];
    if (byte === undefined) return "short";
    if ((byte & 0x80) === 0) return at;
  }
  return "damaged";
}
