import { expect, test } from "vitest";

import { patternFault } from "./pattern-rule.ts";

test.each([
  "^[a-z0-9]+$",
  "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$",
  "^(\\d{1,3}\\.){3}\\d{1,3}$",
  "(?:com|org)+",
  "(a|b)*",
  "([a-z]{2})+",
  "[(+*]+",
  "\\(a+\\)+",
  "^\\p{L}+$",
  "a+?b",
  "^(a|ab|[c-e]+)$",
])("%s is taken", (pattern) => {
  expect(patternFault(pattern)).toBeNull();
});

test.each([
  "(a+)+",
  "(a*)*$",
  "((a+))*",
  "(?:a?){30}",
  "(a*?)*",
  "(x+x+)+y",
  "(?<n>a+)*",
  "(?:a|a)*",
  "(\\w|\\d)*",
  "((a|ab)(c|bcd))*",
  "([a-z]+\\.){5,}",
  "((?:a+)?b)*",
])("%s is refused", (pattern) => {
  expect(patternFault(pattern)).toContain("repeats a group");
});

test.each(["(", "[z-a]", "a{2,1}", "\\"])("%s is no pattern", (pattern) => {
  expect(patternFault(pattern)).toBe("is not a regular expression");
});
