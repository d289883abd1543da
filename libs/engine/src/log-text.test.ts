import { expect, test } from "vitest";

import { type LogTextOptions, createLogText } from "./log-text.ts";

const frame = (stream: number, text: string) => {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
};
const at = (second: number) => `2026-11-20T08:00:0${second}.000000000Z`;

function read(chunks: readonly Buffer[], options: Partial<LogTextOptions> = {}) {
  const lines: string[] = [];
  const text = createLogText({
    isTty: false,
    timestamps: false,
    after: null,
    onLine: (stream, line) => lines.push(`${stream}: ${line}`),
    ...options,
  });
  for (const chunk of chunks) text.push(chunk);
  text.end();
  return { lines, lastTime: text.lastTime() };
}

const bytes = Buffer.concat([
  frame(1, `${at(1)} one\n`),
  frame(1, `${at(2)} a lo`),
  frame(2, `${at(3)} err\r\n`),
  frame(1, `${at(4)} ng line\n`),
  frame(1, `${at(5)} no end`),
]);

test("a line in several frames is one, its times are taken off, and both streams are apart", () => {
  const expected = {
    lines: ["stdout: one", "stderr: err", "stdout: a long line", "stdout: no end"],
    lastTime: at(5),
  };
  expect(read([bytes])).toEqual(expected);
  expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(expected);
});

test("with timestamps each line begins with one, and only with one", () => {
  expect(read([bytes], { timestamps: true }).lines).toEqual([
    `stdout: ${at(1)} one`,
    `stderr: ${at(3)} err`,
    `stdout: ${at(2)} a long line`,
    `stdout: ${at(5)} no end`,
  ]);
});

test("what was read before is left out", () => {
  expect(read([bytes], { after: at(4) })).toEqual({ lines: ["stdout: no end"], lastTime: at(5) });
  expect(read([bytes], { after: at(5) })).toEqual({ lines: [], lastTime: at(5) });
});

test("a line longer than 64 Ki is cut, and a character split between frames is whole", () => {
  const long = Buffer.concat([
    frame(1, `${at(1)} ${"x".repeat(40_000)}`),
    frame(1, `${at(1)} ${"x".repeat(40_000)}\n`),
    frame(1, `${at(2)} next\n`),
  ]);
  expect(read([long]).lines).toEqual([`stdout: ${"x".repeat(65_536)}`, "stdout: next"]);
  const [first, second] = [Buffer.from("é").subarray(0, 1), Buffer.from("é").subarray(1)];
  const part = (piece: Buffer) => {
    const prefix = Buffer.from(`${at(1)} `);
    const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, prefix.length + piece.length]);
    return Buffer.concat([header, prefix, piece]);
  };
  expect(read([part(first), part(second)]).lines).toEqual(["stdout: é"]);
});

test("a terminal's output has no frames and is given as it comes", () => {
  expect(read([Buffer.from("one\r\ntw"), Buffer.from("o\r\n")], { isTty: true })).toEqual({
    lines: ["stdout: one", "stdout: two"],
    lastTime: null,
  });
});
