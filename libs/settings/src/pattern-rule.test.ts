import * as fc from "fast-check";
import { expect, test } from "vitest";

import { maxTextLength, newPatternTest, patternFault } from "./pattern-rule.ts";

const fits = (pattern: string, text: string) => newPatternTest({ steps: 1_000_000 })(pattern, text);

const host = "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$";
const semver = "^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(?:-[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$";
const image =
  "^([a-z0-9.-]+(:\\d+)?/)?[a-z0-9._-]+(/[a-z0-9._-]+)*(:[\\w.-]{1,128})?(@sha256:[0-9a-f]{64})?$";

test.each([
  ["a host name", host, "core-1.example.org", "core-.example.org"],
  ["something like an e-mail address", "^[^@\\s]+@[^@\\s]+$", "a@b.org", "a b@c"],
  ["a version", semver, "1.20.3-rc.1", "1.02.3"],
  ["an image", image, `r.org:5000/a/b:1.0@sha256:${"0f".repeat(32)}`, "a:b:c"],
  ["a duration", "^(?:\\d+h)?(?:\\d+m)?(?:\\d+s)?$", "1h30m", "30m1h"],
  ["letters of any script", "^\\p{L}+$", "Zürich", "Zürich1"],
  ["a character beyond 16 bits", "^.\\uD83D\\uDE00\\u{1F600}$", "😀😀😀", "😀😀"],
  ["a named group", "^(?<year>\\d{4})-\\d\\d?$", "2026-1", "26-1"],
])("%s is told from what is none", (_, pattern, good, bad) => {
  expect(patternFault(pattern)).toBeNull();
  expect([fits(pattern, good), fits(pattern, bad)]).toEqual([true, false]);
});

// A backtracking matcher needs seconds to years for these.
test.each([
  [`^${"a*".repeat(12)}b$`, "a".repeat(400)],
  ["^(.*),(.*),(.*),(.*),(.*),(.*),(.*)x$", ",".repeat(400)],
  ["(a+)+$", `${"a".repeat(400)}b`],
  ["^(\\w|\\d)*$", `${"1".repeat(400)}-`],
])("%s ends on a text that almost matches", (pattern, text) => {
  expect(patternFault(pattern)).toBeNull();
  expect(fits(pattern, text)).toBe(false);
});

test.each([
  ["(", "is not a regular expression"],
  ["a{2,1}", "is not a regular expression"],
  ["(a)\\1", "refers back to a group"],
  ["(?<n>a)\\k<n>", "refers back to a group"],
  ["(?=a)b", "looks ahead or behind"],
  ["(?<!a)b", "looks ahead or behind"],
  ["\\bword", "holds a word boundary"],
  ["(a{100}){100}", "repeats too much"],
  ["(?:){1000000000}", "repeats too much"],
  ["a".repeat(501), "is longer than 500 characters"],
])("%s is refused", (pattern, message) => {
  expect(patternFault(pattern)).toContain(message);
});

test("texts that are too long, and all once the budget is used up, match nothing", () => {
  expect(fits("a", "a".repeat(maxTextLength))).toBe(true);
  expect(fits("a", "a".repeat(maxTextLength + 1))).toBe(false);
  const budget = { steps: 100 };
  const limited = newPatternTest(budget);
  expect(limited("a$", "a".repeat(200))).toBe(true);
  expect(limited("a", "a")).toBe(false);
  expect(budget.steps).toBeLessThanOrEqual(0);
});

test("answers as the language's own expressions do", () => {
  const part = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "^", "$", "\\n", "\\w", "(?:)", "😀");
  const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc.oneof(
      { depthSize: "small" },
      part,
      fc.tuple(tie("pattern"), tie("pattern")).map((both) => both.join("")),
      fc.tuple(tie("pattern"), tie("pattern")).map((both) => `(${both.join("|")})`),
      fc
        .tuple(tie("pattern"), fc.constantFrom("*", "+", "?", "{0}", "{2}", "{1,2}", "{1,}", "*?"))
        .map(([inner, count]) => `(?:${inner})${count}`),
    ),
  }));
  const text = fc.string({ unit: fc.constantFrom("a", "b", "\n", "😀"), maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, (source, subject) => {
      fc.pre(patternFault(source) === null);
      expect(fits(source, subject)).toBe(new RegExp(source, "u").test(subject));
    }),
    { numRuns: 2000 },
  );
});
