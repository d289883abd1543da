import type { SettingChange } from "@keelson/model";
import { expect, it } from "vitest";

import { formatSettingChanges } from "./setting-text.ts";

const byDefault = { layer: "release", name: "app", file: "releases/app/2.0.0/settings.schema.json", line: 4 };
const own = { layer: "node", name: "n1", file: "environments/lab/nodes/n1.yaml", line: 3 };
const of = (instance: string, ...changes: SettingChange[]) => ({ instance, package: "app/web", changes });

it("settings that change must be told once for all instances that share them, with where they stand", () => {
  const change = { path: "limit", before: 10, after: 20, from: byDefault };
  expect(
    formatSettingChanges([of("a", change), of("b", change), of("c", { path: "old", before: "x" })]),
  ).toEqual([
    "settings of a, b:",
    "  ~ limit  10 → 20 (by default, releases/app/2.0.0/settings.schema.json:4)",
    "settings of c:",
    '  ~ old  "x" → none',
  ]);
});

it("a setting that stays while its default changes must be told with both", () => {
  const kept = { path: "limit", before: 15, after: 15, default: { before: 10, after: 20 }, from: own };
  expect(formatSettingChanges([of("a", kept)])).toEqual([
    "settings of a:",
    "  = limit  stays 15 (environments/lab/nodes/n1.yaml:3; its default was 10, and is 20 now)",
  ]);
});

it("a long value must be cut, and none may break out of its line", () => {
  const [, line = ""] = formatSettingChanges([of("a", { path: "t", after: `\u001b[2J\n${"x".repeat(99)}` })]);
  for (const broken of ["\n", "\u001b"]) expect(line).not.toContain(broken);
  expect(line).toMatch(/…$/);
  expect(formatSettingChanges([])).toEqual([]);
});
