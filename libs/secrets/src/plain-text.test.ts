import { assert, constantFrom, pre, property, string } from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";

import { isPlainText } from "./plain-text.ts";

test.each(["hunter2", "a-b_c.d~e", "Zm9v+/bar==", "postgres://u@host:5432/db", "=x", "/x", "."])(
  "%s is plain",
  (text) => {
    expect(isPlainText(text)).toBe(true);
  },
);

test.each([
  "",
  "-x",
  "@x",
  ":x",
  "x:",
  "a b",
  "a: b",
  "a #b",
  'a"b',
  "a\\b",
  "a\n",
  "é",
  "a,b",
  "{x}",
  "a'b",
])("%j is not", (text) => {
  expect(isPlainText(text)).toBe(false);
});

test("a plain text reads as itself in every place of YAML and JSON", () => {
  const unit = constantFrom(...Array.from("aZ09-._~/+=@:\"'\\ \n#é"));
  assert(
    property(string({ minLength: 1, maxLength: 6, unit }), (text) => {
      pre(isPlainText(text));
      const bare: unknown = parse(`a: ${text}\nb: [${text}, x]\n`, { schema: "failsafe" });
      expect(bare).toEqual({ a: text, b: [text, "x"] });
      expect(parse(`"${text}"`)).toBe(text);
      expect(parse(`'${text}'`)).toBe(text);
      expect(JSON.parse(`"${text}"`)).toBe(text);
    }),
  );
});
