const headerBytes = 8;

export type OutputStream = "stdout" | "stderr";

export interface FramePart {
  stream: OutputStream;
  bytes: Buffer;
  /** The frame begins here: it came in several parts otherwise. */
  isStart: boolean;
}

/**
 * Reads an answer of the engine that holds standard output and error in frames: one byte for the stream, three zero bytes,
 * four for the length, then the bytes (API reference, "Stream format"). It comes in chunks, which may split and join frames
 * anywhere. Returns what is in a chunk, of a frame cut short as far as it goes; only an incomplete header is kept until
 * the next.
 */
export function createFrameReader(): (chunk: Buffer) => FramePart[] {
  let header = Buffer.alloc(0);
  let stream: OutputStream = "stdout";
  let rest = 0;
  let isStart = false;
  return (chunk) => {
    const parts: FramePart[] = [];
    for (let at = 0; at < chunk.length;) {
      if (rest === 0) {
        const taken = chunk.subarray(at, at + headerBytes - header.length);
        header = Buffer.concat([header, taken]);
        at += taken.length;
        if (header.length < headerBytes) break;
        stream = header[0] === 2 ? "stderr" : "stdout";
        rest = header.readUInt32BE(4);
        isStart = true;
        header = Buffer.alloc(0);
      } else {
        const bytes = chunk.subarray(at, at + rest);
        parts.push({ stream, bytes, isStart });
        at += bytes.length;
        rest -= bytes.length;
        isStart = false;
      }
    }
    return parts;
  };
}

/** A chunk of a stream, which by Node's types may also be a text. */
export function bytesOf(chunk: string | Buffer): Buffer {
  return typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}
