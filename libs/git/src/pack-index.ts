import { createHash } from "node:crypto";

export interface IndexedObject {
  oid: string;
  offset: number;
  crc: number;
}

/** The index of a pack, version 2 (gitformat-pack(5)), for a pack of less than 2 GiB. */
export function writePackIndex(objects: readonly IndexedObject[], packChecksum: Buffer): Buffer {
  const sorted = objects
    .map(({ oid, offset, crc }) => ({ oid: Buffer.from(oid, "hex"), offset, crc }))
    .sort((a, b) => Buffer.compare(a.oid, b.oid));
  const counts = new Uint32Array(256);
  for (const { oid } of sorted) counts[oid[0] ?? 0]! += 1;
  let sum = 0;
  const fanOut = numbers([...counts].map((count) => (sum += count)));
  const index = Buffer.concat([
    Buffer.from("ff744f6300000002", "hex"),
    fanOut,
    ...sorted.map(({ oid }) => oid),
    numbers(sorted.map(({ crc }) => crc)),
    numbers(sorted.map(({ offset }) => offset)),
    packChecksum,
  ]);
  return Buffer.concat([index, createHash("sha1").update(index).digest()]);
}

function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
  return bytes;
}
