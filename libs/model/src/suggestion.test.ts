import { expect, test } from "vitest";

import { hintFor, suggest, suggestName } from "./suggestion.ts";

test.each([
  ["instnces", ["instances", "releases"], "instances"],
  ["Releases", ["instances", "releases"], "releases"],
  ["bsae", ["base", "lab"], "base"],
  ["on", ["package", "state"], undefined],
  ["x".repeat(65), ["x".repeat(64)], undefined],
  ["", ["a"], undefined],
])("%s among %j means %s", (text, candidates, meant) => {
  expect(suggest(text, candidates)).toBe(meant);
});

test("without a near candidate a short choice is listed, a long one is not", () => {
  expect(hintFor("kitchen", { known: ["b", "a"], as: "nodes" })).toBe("nodes: a, b");
  expect(
    hintFor("kitchen", { known: Array.from({ length: 21 }, (_, n) => `n${n}`), as: "nodes" }),
  ).toBeUndefined();
  expect(hintFor("kitchen", { known: [], as: "nodes" })).toBeUndefined();
});

test.each([
  ["My_Core", "did you mean `my-core`?"],
  ["_core_", "did you mean `core`?"],
  ["core", undefined],
  ["___", undefined],
])("%s could be the name %s", (text, hint) => {
  expect(suggestName(text)).toBe(hint);
});
