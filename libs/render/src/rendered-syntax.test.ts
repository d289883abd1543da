import { describe, expect, test } from "vitest";

import { checkSyntax } from "./rendered-syntax.ts";
import { TemplateBudget } from "./template-budget.ts";

function check(to: string, text: string, budget = new TemplateBudget()) {
  return checkSyntax(to, { text, template: `packages/web/${to}.liquid`, budget }).map(
    ({ code, line, column, message }) => `${code} ${line}:${column} ${message}`,
  );
}

const keys = (count: number) => Array.from({ length: count }, (_, index) => `key${index}: 1\n`).join("");

describe("a rendered file", () => {
  test.each([
    ["a.yaml", keys(50_000)],
    ["a.yaml", "a: &a {b: 1}\nc: *a\nd: [*a, *a]\n---\na: 1\n"],
    ["a.yaml", '1: a\n"1": b\n? [x]\n: c\n'],
    ["a.yaml", ""],
    ["a.json", JSON.stringify({ text: "x".repeat(5_000_000), list: [1, '\u0000\\"', null] })],
    ["a.json", "[".repeat(100_000) + "]".repeat(100_000)],
    ["a.txt", "{{{"],
  ])("that parses is no problem: %s %#", (to, text) => {
    expect(check(to, text)).toEqual([]);
  });

  test.each([
    [
      "a.yaml",
      "a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n",
      ["K1303 5:3 a.yaml as rendered is not valid YAML: Map keys must be unique"],
    ],
    [
      "a.yaml",
      `${keys(50_000)}key7: 2\n`,
      ["K1303 50001:1 a.yaml as rendered is not valid YAML: Map keys must be unique"],
    ],
    [
      "a.yaml",
      "a: 1\n---\nb: 1\nb: 2\n",
      ["K1303 4:1 a.yaml as rendered is not valid YAML: Map keys must be unique"],
    ],
    [
      "a.json",
      `{"a": "${"x".repeat(10_000_000)}", }`,
      ["K1303 1:10000011 a.json as rendered is not valid JSON: expected a key in double quotes"],
    ],
    [
      "a.json",
      `{"a": "${'\\"'.repeat(3_000_000)}`,
      ["K1303 1:7 a.json as rendered is not valid JSON: expected a value"],
    ],
    [
      "a.yml",
      "[".repeat(100_000),
      [expect.stringMatching(/^K1303 1:\d+ a.yml as rendered is not valid YAML: it is nested too deeply$/)],
    ],
  ])("that does not parse is one, at its place: %s %#", (to, text, expected) => {
    expect(check(to, text)).toEqual(expected);
  });

  test.each([
    ["a list", "- a\n".repeat(200_000)],
    ["a list in a line", `[${"1,".repeat(300_000)}]`],
    ["empty maps", `[${"{},".repeat(200_000)}]`],
    ["aliases", `a: &a 1\nb: [${"*a,".repeat(300_000)}]`],
    ["documents", "a\n---\n".repeat(150_000)],
  ])("of which the parser would make gigabytes is not parsed: %s", (_, text) => {
    expect(check("a.yaml", text)).toEqual([
      expect.stringMatching(/^K1316 1:1 a.yaml is too large to be checked/),
    ]);
    expect(check("a.txt", text)).toEqual([]);
  });

  test("is paid from the budget of its instance", () => {
    const budget = new TemplateBudget({ made: 1_000, steps: 2_000_000 });
    const text = "- a\n".repeat(20_000);
    const found = Array.from({ length: 4 }, () => check("a.yaml", text, budget)).flat();
    expect(found).toEqual([expect.stringMatching(/^K1315 .* too long/)]);
  });
});
