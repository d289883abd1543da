import { expect, test } from "vitest";

import {
  jsonSecretPlaceholder,
  replacePlaceholders,
  secretPlaceholder,
  secretsIn,
} from "./secret-placeholder.ts";

const names = [
  "pryv.adminKey",
  "wiki.A",
  "wiki.A__B",
  "wiki._",
  "apps/my wiki/.env:DB__PASS_",
  "apps/é😀.env:X~5f~",
];

test("every name is read back from its placeholder, whatever stands beside it", () => {
  const text = names.map((name) => `__${secretPlaceholder(name)}__${jsonSecretPlaceholder(name)}_`).join("");
  expect(secretsIn(text)).toEqual(names);
  expect(replacePlaceholders(text, ({ name, asJson }) => `<${name}${asJson ? ":json" : ""}>`)).toBe(
    names.map((name) => `__<${name}>__<${name}:json>_`).join(""),
  );
});

test("a placeholder needs no quotes in YAML, JSON, a shell or a dotenv file", () => {
  for (const name of names) expect(secretPlaceholder(name)).toMatch(/^[\w:~./-]+$/);
  expect(secretPlaceholder("pryv.adminKey")).toBe("__keelson-secret:pryv.adminKey__");
});

test("a number that is no character has no name that anybody has", () => {
  expect(secretsIn("__keelson-secret:a.~ffffff~__")).toEqual(["a."]);
});
