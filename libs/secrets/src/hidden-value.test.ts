import { expect, test } from "vitest";

import { newValueFilter } from "./hidden-value.ts";

const pem = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nab\n";
const hide = newValueFilter([
  "hunter2",
  "hunter2-and-more",
  'a"b\\c',
  "abc",
  pem,
  "$& $1 x",
  "tab\there",
  "u1\n\nv2",
]);

test.each([
  ["a value", "login hunter2, hunter2", "login ***, ***"],
  ["the longer of two first", "hunter2-and-more", "***"],
  ["in JSON", `{"p":${JSON.stringify('a"b\\c')}}`, '{"p":"***"}'],
  ["in JSON inside JSON", JSON.stringify(JSON.stringify('a"b\\c')), String.raw`"\"***\""`],
  ["a text of several lines", `<${pem}>`, "<***>"],
  ["each of its lines", "  MIIEvQIBADANBg at line 2", "  *** at line 2"],
  ["the rest of one that was cut", "failed: …ter2 x", "failed: …*** x"],
  ["what an excerpt made of one", "tab here, u1\nv2", "***, ***"],
  ["what looks like a replacement", "$& $1 x", "***"],
])("hides %s", (_, text, hidden) => {
  expect(hide(text)).toBe(hidden);
});

test("leaves short values and short lines, which are words", () => {
  expect(hide("abc ab …r2")).toBe("abc ab …r2");
});
