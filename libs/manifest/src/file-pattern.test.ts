import { expect, test } from "vitest";

import { matchesPattern, parsePattern } from "./file-pattern.ts";

const matches = (pattern: string, path: string) => {
  const parsed = parsePattern(pattern);
  return parsed !== null && matchesPattern(parsed, { path, budget: { left: 1_000_000 } });
};

test.each([
  ["a/", ["a/b", "a/b/c", "a/.b"], ["a", "ab/c", "b/a/c"]],
  ["a/**", ["a/b", "a/b/c"], ["a", "ab/c"]],
  ["a/*", ["a/b", "a/.b", "a/b.json"], ["a/b/c", "a"]],
  ["*.json", ["a.json", ".json"], ["a.jsonx", "b/a.json", "a.json/x"]],
  ["**/*.json", ["a.json", "b/a.json", "b/c/a.json"], ["a.yml"]],
  ["a/**/b/*", ["a/b/c", "a/x/b/c", "a/x/y/b/c", "a/b/b/c"], ["a/b", "a/x/c"]],
  ["a?c", ["abc", "aüc", "a😀c"], ["ac", "abbc", "a/c"]],
  ["*a*b*", ["ab", "xaxbx", "aabb"], ["ba", "a"]],
  ["a/**/a", ["a/a", "a/b/a"], ["a", "a/b"]],
  ["**/a/**/b", ["a/b", "x/a/y/b", "a/a/b"], ["b", "x/b", "a"]],
  ["a/**/?", ["a/b", "a/b/c"], ["a/bc", "a"]],
])("%s", (pattern, yes, no) => {
  expect(yes.filter((path) => !matches(pattern, path))).toEqual([]);
  expect(no.filter((path) => matches(pattern, path))).toEqual([]);
});

test("a plain path is no pattern, and what is before the first wildcard is its base", () => {
  expect(parsePattern("a/b.json")).toBeNull();
  expect(["a/b/", "a/b/*.c", "*", "a/b?/c/"].map((text) => parsePattern(text)?.base)).toEqual([
    "a/b",
    "a/b",
    "",
    "a",
  ]);
});

test("a pattern that could be matched in many ways is judged at once", () => {
  const start = performance.now();
  expect(matches(`${"*a".repeat(100)}*b`, "a".repeat(255))).toBe(false);
  expect(matches(`${"**/a/".repeat(100)}b`, "a/".repeat(400))).toBe(false);
  expect(performance.now() - start).toBeLessThan(1_000);
});

test("what is below a folder costs little, however deep it lies", () => {
  const budget = { left: 10 };
  const pattern = parsePattern("a/**/*.json");
  const path = `a/${"b/".repeat(400)}c.json`;
  expect(pattern !== null && matchesPattern(pattern, { path, budget })).toBe(true);
  expect(budget.left).toBeGreaterThan(0);
});
