import { expect, test } from "vitest";

import { createLineReader } from "./poll-line.ts";

function read(chunks: readonly string[], limit = 100): [string, boolean][] {
  const lines: [string, boolean][] = [];
  const reader = createLineReader({ limit, onLine: (line, isCut) => lines.push([line, isCut]) });
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return lines;
}

test("lines are the same however the text is cut into chunks", () => {
  const text = "one\n\ntwo three\nlast";
  const whole = read([text]);
  expect(whole).toEqual([
    ["one", false],
    ["", false],
    ["two three", false],
    ["last", false],
  ]);
  for (let at = 0; at <= text.length; at++) expect(read([text.slice(0, at), text.slice(at)])).toEqual(whole);
  expect(read(text.split(""))).toEqual(whole);
});

test("of a line that is too long the beginning is kept, and the next one is whole", () => {
  const expected = [
    ["abcd", false],
    ["abcd", true],
    ["ab", false],
  ];
  expect(read(["abcd\nabcdefgh\nab\n"], 4)).toEqual(expected);
  expect(read("abcd\nabcdefgh\nab\n".split(""), 4)).toEqual(expected);
});
