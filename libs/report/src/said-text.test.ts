import { expect, test } from "vitest";

import { quotedInLine } from "./said-text.ts";

test("what was said stands behind a colon, on one line, without empty ones", () => {
  expect(quotedInLine("no licence\n\n  at start \n")).toBe(": no licence | at start");
  expect(quotedInLine(" \n")).toBe("");
});

test("of a long text the end is kept, of which the reason mostly is, and no half character", () => {
  const said = quotedInLine(`${"x".repeat(1_000)}\nthe reason`);
  expect(said).toHaveLength(403);
  expect(said).toMatch(/^: …x+ \| the reason$/);
  expect(quotedInLine(`${"🙂".repeat(300)}.`).isWellFormed()).toBe(true);
});
