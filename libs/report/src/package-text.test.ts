import { expect, it } from "vitest";

import { formatPackage } from "./package-text.ts";

it.each([
  [{ package: "wiki/web", version: "1.2.0", releaseVersion: "1.2.0" }, "wiki/web 1.2.0"],
  [{ package: "wiki/web", version: "1.2.0", releaseVersion: "2.0.0" }, "wiki/web 1.2.0 (release 2.0.0)"],
  [{ package: "./apps/wiki", version: "1a2b3c4d".repeat(8) }, "./apps/wiki@1a2b3c4"],
  [{ package: "./apps/wiki", version: "" }, "./apps/wiki"],
])("%j is told as %s", (reported, text) => {
  expect(formatPackage(reported)).toBe(text);
});
