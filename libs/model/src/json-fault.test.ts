import * as fc from "fast-check";
import { expect, test } from "vitest";

import { findJsonFault } from "./json-fault.ts";

test.each([
  ['{"a": 1,}', 8, "a key in double quotes"],
  ['{"a" 1}', 5, "a colon"],
  ["{'a': 1}", 1, "a key in double quotes or }"],
  ["[1 2]", 3, "a comma or ]"],
  ["[1, ]", 4, "a value"],
  ['{"a": nope}', 6, "a value"],
  ['{"a": "x\ny"}', 6, "a value"],
  ['{"a": 1', 7, "a comma or }"],
  ["", 0, "a value"],
  ["{}x", 2, "the end of the file"],
  ["[1}", 2, "a comma or ]"],
  ["01", 1, "the end of the file"],
  ['{"a": 1, // why\n}', 9, "a key in double quotes"],
])("%j", (text, offset, expected) => {
  expect(findJsonFault(text)).toEqual({ offset, expected });
});

test("finds a fault exactly where JSON.parse finds one", () => {
  const pieces = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    "1",
    "-0.5e3",
    "true",
    "null",
    " ",
    "\n",
    "x",
    '"',
    "'",
  );
  const text = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((all) => all.join("")),
    fc.json(),
  );
  fc.assert(
    fc.property(text, (each) => {
      expect(findJsonFault(each) === null).toBe(isJson(each));
    }),
    { numRuns: 2000 },
  );
});

test("follows any depth", () => {
  expect(findJsonFault("[".repeat(100_000))).toEqual({ offset: 100_000, expected: "a value or ]" });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
