import type { Operation } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { isNewWork } from "./new-work.ts";

describe("isNewWork", () => {
  const pull = (image: string): Operation => ({
    kind: "pull-image",
    id: image,
    after: [],
    image,
    resource: `image:${image}`,
    causes: [],
    class: "live",
  });
  const left = (...operations: Operation[]) => ({ operations });
  const done = { operation: pull("a"), outcome: "done" as const };

  it("must be what is left elsewhere after all went well", () => {
    expect(isNewWork([done], left(pull("b")))).toBe(true);
  });

  it.each([
    ["nothing is left", [done], left()],
    ["what is left is not known", [done], null],
    ["what is left was worked on", [done], left(pull("b"), pull("a"))],
    ["something failed", [done, { ...done, outcome: "failed" as const }], left(pull("b"))],
  ])("must not be where %s", (_what, results, remaining) => {
    expect(isNewWork(results, remaining)).toBe(false);
  });
});
