import { expect, test } from "vitest";

import { readFrames } from "./output-frame.ts";

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

test("standard output and error are read in their order, and what is cut off as far as it goes", () => {
  const bytes = Buffer.concat([frame(1, "öut\n"), frame(2, "err\n"), frame(1, "cut off")]);
  expect(readFrames(bytes).toString()).toBe("öut\nerr\ncut off");
  expect(readFrames(bytes.subarray(0, -4)).toString()).toBe("öut\nerr\ncut");
  expect(readFrames(bytes.subarray(0, 5)).toString()).toBe("");
});
