import { describe, expect, test } from "vitest";

import type { Json, JsonObject } from "@keelson/model";

import { formatProblems } from "../../report/src/problem.ts";
import { checkSettingsSchema } from "./layer-settings.ts";
import { schemaOf } from "./test-layers.ts";

function faults(schema: Json): string[] {
  return checkSettingsSchema(schemaOf(schema)).map(
    ({ code, path, message }) => `${code} ${path}: ${message}`,
  );
}

describe("a settings schema", () => {
  test.each<[JsonObject, string]>([
    [
      { properties: { a: { $ref: "https://evil.example/x.json" } } },
      "properties.a.$ref: `https://evil.example/x.json` is not a part of this schema",
    ],
    [
      { properties: { a: { $ref: "file:///etc/passwd" } } },
      "properties.a.$ref: `file:///etc/passwd` is not a part of this schema",
    ],
    [
      { properties: { a: { $ref: "other.json#/a" } } },
      "properties.a.$ref: `other.json#/a` is not a part of this schema",
    ],
    [{ properties: { a: { $ref: "#" } } }, "properties.a.$ref: `#` is not a part of this schema"],
    [
      { properties: { a: { $ref: "#/$defs/b" } }, $defs: { a: {} } },
      "properties.a.$ref: there is no `#/$defs/b` in this schema",
    ],
    [
      { properties: { a: { $ref: "#/properties/a" } } },
      "properties.a.$ref: `#/properties/a` leads back to itself",
    ],
    [
      { properties: { a: { $dynamicRef: "#x" } } },
      "properties.a.$dynamicRef: `$dynamicRef` is not supported; use `$ref` with `#/$defs/…`",
    ],
    [{ properties: { a: { $id: "x" } } }, "properties.a.$id: `$id` may stand at the top only"],
    [
      { properties: { a: { type: "strng" } } },
      "properties.a.type: `type` must be one of object, array, string, number, integer, boolean, null",
    ],
    [
      { properties: { a: { pattern: "(a+)\\1$" } } },
      "properties.a.pattern: `pattern` refers back to a group, which cannot be matched in a time that is known",
    ],
    [
      { properties: { a: { pattern: "a".repeat(501) } } },
      "properties.a.pattern: `pattern` is longer than 500 characters",
    ],
    [
      { patternProperties: { "(": {} } },
      "patternProperties: `patternProperties` is not a regular expression",
    ],
    [{ properties: { a: { format: "url" } } }, "properties.a.format: `format` must be one of date, time,"],
    [
      { properties: { a: { "x-override": ["nodes"] } } },
      "properties.a.x-override: `x-override` must be a list of site, node",
    ],
    [{ properties: [] }, "properties: `properties` must be a map"],
    [{ properties: { a: 5 } }, "properties.a: a schema must be a map, true or false"],
    [{ required: "a" }, "required: `required` must be a list of texts"],
    [{ $defs: { a: { minimum: "1" } } }, "$defs.a.minimum: `minimum` must be a number"],
  ])("%j is refused", (schema, fault) => {
    const found = faults(schema);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`K1204 ${fault}`);
  });

  test("points at the key", () => {
    expect(formatProblems(checkSettingsSchema(schemaOf({ properties: { a: { $ref: "http://x" } } })))).toBe(
      `error[K1204] settings.schema.json:4:7 \`http://x\` is not a part of this schema
   4 |       "$ref": "http://x"
     |       ^
  hint: a \`$ref\` begins with \`#/$defs/\``,
    );
  });

  test("is not expanded without end", () => {
    const $defs: JsonObject = { d0: { type: "string" } };
    for (let n = 1; n < 40; n++)
      $defs[`d${n}`] = { allOf: [{ $ref: `#/$defs/d${n - 1}` }, { $ref: `#/$defs/d${n - 1}` }] };
    const found = faults({ properties: { a: { $ref: "#/$defs/d39" } }, $defs });
    expect(found).toEqual(["K1204 : the schema is too large: over 10000 parts, or over 100 levels deep"]);
  });

  test("may use everything else of JSON Schema, and words that mean nothing to us", () => {
    const schema = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      $id: "https://pryv.example/settings",
      $comment: "fine",
      properties: {
        id: { type: "string", examples: [1] },
        a: { $ref: "#/$defs/a~1b%20c", "x-ui": { id: "http://" } },
      },
      $defs: { "a/b c": { enum: [1, "x", null] } },
    };
    expect(faults(schema)).toEqual([]);
  });
});
