import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { findViolations } from "./architecture.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const broken = fileURLToPath(new URL("fixtures/architecture", import.meta.url));

describe("the direction of the house", () => {
  it("holds in every room", () => {
    expect(findViolations(root)).toEqual([]);
  });

  it("is seen when it is broken", () => {
    expect(findViolations(broken)).toEqual([
      "apps/cli/src/main.ts goes around a door: @keelson/plan/src/plan-changes.ts",
      "git may not depend on record",
      "libs/git/src/index.ts reaches into another room: ../../record/src/index.ts",
      "libs/model/src/index.ts reads the clock",
      "libs/plan/src/index.ts imports dockerode, which plan does not declare",
      "libs/plan/src/index.ts imports node:fs, but plan is pure",
      "libs/plan/src/index.ts imports vitest outside a test",
      "plan may not depend on git",
      "utils is no room of the house: name its edges in test/architecture.ts",
    ]);
  });
});
