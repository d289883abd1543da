const headerBytes = 8;

/**
 * The output in an answer of the engine that holds standard output and error in frames: one byte for the stream, three
 * zero bytes, four for the length, then the bytes (API reference, "Stream format"). A frame cut short is kept as far
 * as it goes.
 */
export function readFrames(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + headerBytes <= bytes.length;) {
    const start = at + headerBytes;
    const length = bytes.readUInt32BE(at + 4);
    parts.push(bytes.subarray(start, start + length));
    at = start + length;
  }
  return Buffer.concat(parts);
}

/** A chunk of a stream, which by Node's types may also be a text. */
export function bytesOf(chunk: string | Buffer): Buffer {
  return typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}
