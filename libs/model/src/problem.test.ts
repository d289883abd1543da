import { expect, test } from "vitest";

import { type Problem, withoutRepeats } from "./problem.ts";

const problem: Problem = { code: "K1302", file: "a.yaml", line: 1, column: 1, path: "", message: "m" };
const other: Problem = { ...problem, line: 2 };

test("what several instances have is told once, and concerns all of them", () => {
  expect(
    withoutRepeats([{ ...problem, instances: ["b"] }, other, { ...problem, instances: ["a", "b"] }]),
  ).toEqual([{ ...problem, instances: ["a", "b"] }, other]);
});

test("what concerns the whole commit at any time it is told, concerns the whole commit", () => {
  expect(withoutRepeats([{ ...problem, instances: ["b"] }, problem])).toEqual([problem]);
  expect(withoutRepeats([problem, { ...problem, instances: ["b"] }])).toEqual([problem]);
});
