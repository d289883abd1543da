import { expect, test } from "vitest";

import { formatError } from "./error.ts";

test("an error whose stack is no text is told all the same", () => {
  const error = Object.defineProperty(new Error("odd"), "stack", { value: [] });
  expect(formatError(error)).toMatch(/^error\[K9002\] odd\n {2}hint: /);
});
