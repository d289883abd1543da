import { expect, test } from "vitest";

import { excerpt, quoted } from "./excerpt.ts";

test("keeps the last lines without what a terminal would obey", () => {
  const text =
    "one\r\n\u001b[31mtwo\u001b[0m\u0007\n\nthree \u202e\u200bfour\t.\n\u001b]8;;http://x\u0007link\u001b]8;;\u0007\n";
  expect(excerpt(text, { lines: 3 })).toBe("two\nthree four .\nlink");
});

test("is bounded by characters from the end and never holds half a character", () => {
  expect(excerpt(`begin ${"x".repeat(50)} end`, { characters: 10 })).toBe("…xxxxxx end");
  expect(excerpt("\ud83d\ude00😀", { characters: 3 }).isWellFormed()).toBe(true);
});

test("says so when there is nothing", () => {
  expect(quoted(" \n\u001b[0m\n").message).toBe("(no output)");
});
