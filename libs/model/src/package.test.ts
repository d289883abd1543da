import { expect, test } from "vitest";

import { Package } from "./package.ts";

test.each([
  ["24h", true],
  ["25h", false],
  ["100000h", false],
])("a trial of %s", (trial, isValid) => {
  expect(Package.safeParse({ name: "web", version: "1.0.0", update: { trial } }).success).toBe(isValid);
});
