import { expect, test } from "vitest";

import { createFrameReader } from "./frame-reader.ts";

const frame = (stream: number, text: string) => {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
};

function read(chunks: readonly Buffer[]) {
  const readChunk = createFrameReader();
  const parts = chunks.flatMap((chunk) => readChunk(chunk));
  return {
    stdout: textOf(parts.filter(({ stream }) => stream === "stdout")),
    stderr: textOf(parts.filter(({ stream }) => stream === "stderr")),
    starts: parts.filter(({ isStart }) => isStart).length,
  };
}

const textOf = (parts: readonly { bytes: Buffer }[]) =>
  Buffer.concat(parts.map(({ bytes }) => bytes)).toString("utf8");

test("frames are the same however the bytes are cut into chunks", () => {
  const bytes = Buffer.concat([frame(1, "out\n"), frame(2, "é\n"), frame(1, ""), frame(1, "again")]);
  const expected = { stdout: "out\nagain", stderr: "é\n", starts: 3 };
  expect(read([bytes])).toEqual(expected);
  for (let at = 0; at <= bytes.length; at++) {
    expect(read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected);
  }
  expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(expected);
});

test("a frame that is cut short is kept as far as it goes, and half a header is nothing", () => {
  const bytes = Buffer.concat([frame(1, "öut\n"), frame(2, "err\n"), frame(1, "cut off")]);
  expect(read([bytes.subarray(0, -4)])).toEqual({ stdout: "öut\ncut", stderr: "err\n", starts: 3 });
  expect(read([bytes.subarray(0, 5)])).toEqual({ stdout: "", stderr: "", starts: 0 });
});
