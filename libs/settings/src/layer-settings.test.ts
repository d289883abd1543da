import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { isJsonObject, type JsonObject } from "@keelson/model";

import { checkSettingsSchema, layerSettings } from "./layer-settings.ts";
import { layer, layerOf, lines, problemsOf, schemaOf } from "./test-layers.ts";

const schema = {
  type: "object",
  required: ["domain"],
  properties: {
    domain: { type: "string", format: "hostname", description: "The platform's domain." },
    trustedApps: { type: "string", default: "*" },
    audit: {
      type: "object",
      properties: {
        filter: {
          type: "array",
          items: { enum: ["all", "read", "none"] },
          default: ["all"],
          "x-override": ["site", "node"],
        },
        level: { type: "string", enum: ["info", "debug"], default: "info" },
      },
    },
    mail: {
      type: "object",
      required: ["host"],
      properties: { host: { type: "string" }, port: { $ref: "#/$defs/port" } },
    },
    labels: { type: "object", additionalProperties: { type: "string" }, "x-override": ["node"] },
  },
  $defs: { port: { type: "integer", minimum: 1, maximum: 65535, description: "A TCP port." } },
};

describe("layers", () => {
  test("the stronger wins, maps merge, lists are replaced as a whole", () => {
    const { values, problems } = layer(
      schema,
      layerOf("environment", "domain: base.example\nmail: { host: a.example }\nlabels: { a: '1', b: '1' }"),
      layerOf("environment", "domain: lab.example\nmail: { port: 587 }\naudit: { filter: [read, none] }"),
      layerOf("node", "audit: { filter: [none] }\nlabels: { b: '2' }"),
    );
    expect(problems).toEqual([]);
    expect(values).toEqual({
      domain: "lab.example",
      trustedApps: "*",
      audit: { filter: ["none"], level: "info" },
      mail: { host: "a.example", port: 587 },
      labels: { a: "1", b: "2" },
    });
  });

  test("every value says where it was written", () => {
    const { provenance } = layer(
      schema,
      layerOf("environment", "domain: lab.example\nlabels: { a: '1' }"),
      layerOf("node", "audit:\n  filter: [none]"),
    );
    expect(provenance).toEqual({
      domain: { layer: "environment", name: "environment", file: "environment.yaml", line: 4, column: 5 },
      "labels.a": {
        layer: "environment",
        name: "environment",
        file: "environment.yaml",
        line: 5,
        column: 15,
      },
      "audit.filter": { layer: "node", name: "node", file: "node.yaml", line: 5, column: 7 },
      "audit.level": { layer: "release", name: "pryv", file: "settings.schema.json", line: 42, column: 11 },
      trustedApps: { layer: "release", name: "pryv", file: "settings.schema.json", line: 14, column: 7 },
    });
  });

  test("a map in the place of a list, and a list in the place of a map, replace it", () => {
    const free = { type: "object", properties: { a: {} } };
    const list = layerOf("environment", "a: [1]");
    const map = layerOf("environment", "a: { b: 1 }");
    expect(layer(free, list, map)).toMatchObject({ values: { a: { b: 1 } }, provenance: { "a.b": {} } });
    const replaced = layer(free, map, list);
    expect(replaced.values).toEqual({ a: [1] });
    expect(Object.keys(replaced.provenance)).toEqual(["a"]);
  });

  test("an empty map changes nothing below it and is a value where there was none", () => {
    const nested = {
      type: "object",
      properties: { a: { type: "object", properties: { b: { default: 1 } } }, c: { type: "object" } },
    };
    const { values, provenance } = layer(nested, layerOf("environment", "a: {}\nc: {}"));
    expect(values).toEqual({ a: { b: 1 }, c: {} });
    expect(provenance["c"]).toMatchObject({ layer: "environment" });
    expect(provenance["a.b"]).toMatchObject({ layer: "release" });
  });
});

describe("defaults", () => {
  test("are collected from inner properties, references and allOf, under a map's own", () => {
    const { values } = layer({
      type: "object",
      properties: {
        plain: { default: null },
        own: {
          type: "object",
          default: { a: 1, x: { y: 1 } },
          properties: { a: { default: 2 }, b: { default: 3 } },
        },
        deep: {
          type: "object",
          properties: { er: { type: "object", properties: { est: { default: [] } } } },
        },
        ref: { $ref: "#/$defs/ref" },
        refWithOwn: { $ref: "#/$defs/ref", default: "own" },
        all: { allOf: [{ type: "object", properties: { c: { default: 4 } } }] },
        none: { type: "object", properties: { d: { type: "string" } } },
        either: { anyOf: [{ default: 1 }, { default: 2 }] },
      },
      $defs: { ref: { default: "of the reference" } },
    });
    expect(values).toEqual({
      plain: null,
      own: { a: 1, b: 3, x: { y: 1 } },
      deep: { er: { est: [] } },
      ref: "of the reference",
      refWithOwn: "own",
      all: { c: 4 },
    });
  });

  test("that break their own schema are reported in it", () => {
    expect(problemsOf({ type: "object", properties: { port: { type: "integer", default: "25" } } })).toBe(
      `error[K1202] settings.schema.json:6:18 \`port\`: expected a whole number, found text
   6 |       "default": "25"
     |                  ^`,
    );
  });
});

describe("what a node may set", () => {
  test("is what x-override opens to it, and all below", () => {
    const node = layerOf(
      "node",
      "audit:\n  filter: [none]\n  level: debug\ntrustedApps: mine\nlabels: { any: thing }",
    );
    expect(problemsOf(schema, layerOf("environment", "domain: a.example"), node)).toBe(
      `error[K1201] node.yaml:6:7 a node may not set \`audit.level\`
   6 |       level: debug
     |       ^
  hint: the schema opens to a node: audit.filter, labels; set it in the environment

error[K1201] node.yaml:7:5 a node may not set \`trustedApps\`
   7 |     trustedApps: mine
     |     ^
  hint: the schema opens to a node: audit.filter, labels; set it in the environment`,
    );
  });

  test("does not reach the values when it is not open", () => {
    const { values } = layer(
      schema,
      layerOf("environment", "domain: a.example"),
      layerOf("node", "trustedApps: mine"),
    );
    expect(values["trustedApps"]).toBe("*");
  });

  test("is everything, or nothing, as the schema says at its top", () => {
    const open = { type: "object", "x-override": ["node"], properties: { a: {} } };
    expect(lines(open, layerOf("node", "a: { b: 1 }"))).toEqual([]);
    const site = { ...open, "x-override": ["site"] };
    expect(problemsOf(site, layerOf("node", "a: { b: 1 }"))).toContain("the schema opens nothing to a node;");
  });

  test("is not a map in one piece when only a part is open", () => {
    expect(
      lines(schema, layerOf("environment", "domain: a.example"), layerOf("node", "audit: none")),
    ).toEqual(["K1201 node.yaml:4:5 a node may not set `audit`"]);
  });
});

describe("what the schema refuses is reported where it was written", () => {
  test.each([
    ["domain: 5", "K1202 environment.yaml:4:13 `domain`: expected text, found the number 5"],
    ["domain: a b", "K1202 environment.yaml:4:13 `domain`: must be a valid hostname, found `a b`"],
    [
      "domain: a\nmail: { host: a, port: 0 }",
      "K1202 environment.yaml:5:28 `mail.port`: must be at least 1, found 0",
    ],
    [
      "domain: a\nmail: { host: a, port: 1.5 }",
      "K1202 environment.yaml:5:28 `mail.port`: expected a whole number, found the number 1.5",
    ],
    [
      "domain: a\naudit: { level: inof }",
      "K1202 environment.yaml:5:21 `audit.level`: expected one of info, debug; found `inof`",
    ],
    [
      "domain: a\naudit: { filter: [all, al] }",
      "K1202 environment.yaml:5:28 `audit.filter[1]`: expected one of all, read, none; found `al`",
    ],
    [
      "domain: a\nlabels: { x: 1 }",
      "K1202 environment.yaml:5:18 `labels.x`: expected text, found the number 1",
    ],
    ["domian: a", "K1206 environment.yaml:3:3 the setting `domain` is missing"],
    ["domain: a\nmail: {}", "K1206 environment.yaml:5:5 the setting `mail.host` is missing"],
    ["domian: a", "K1203 environment.yaml:4:5 unknown setting `domian`"],
    ["domain: a\nmail: { host: a, prot: 1 }", "K1203 environment.yaml:5:22 unknown setting `mail.prot`"],
    ["domain: a\nconstructor: {}", "K1203 environment.yaml:5:5 unknown setting `constructor`"],
  ])("%s", (settings, problem) => {
    expect(lines(schema, layerOf("environment", settings))).toContain(problem);
  });

  test("in the layer that wins", () => {
    const base = layerOf("environment", "domain: a\nlabels: { x: 1 }");
    const node = layerOf("node", "labels: { x: [] }");
    expect(lines(schema, base, node)).toEqual([
      "K1202 node.yaml:4:18 `labels.x`: expected text, found a list",
    ]);
  });

  test("with hints", () => {
    expect(problemsOf(schema, layerOf("environment", "domian: 5\nmail: { host: a, port: x }"))).toBe(
      `error[K1206] environment.yaml:3:3 the setting \`domain\` is missing
   3 |   pryv:
     |   ^
  hint: The platform's domain.

error[K1203] environment.yaml:4:5 unknown setting \`domian\`
   4 |     domian: 5
     |     ^
  hint: did you mean \`domain\`?

error[K1202] environment.yaml:5:28 \`mail.port\`: expected a whole number, found text
   5 |     mail: { host: a, port: x }
     |                            ^
  hint: A TCP port.`,
    );
  });

  test("of patterns, whatever a backtracking matcher would take for them", () => {
    const patterned = {
      type: "object",
      properties: { a: { type: "string", pattern: `^${"a*".repeat(12)}b$` } },
      patternProperties: {
        "^(x+x+)+y$": { type: "number" },
        "^x.*y$": { not: { pattern: "^\\d*$", const: 5 } },
      },
    };
    const text = "a".repeat(300);
    expect(lines(patterned, layerOf("environment", `a: ${text}b\nxxy: 1`))).toEqual([]);
    const found = lines(patterned, layerOf("environment", `a: ${text}\nxxy: 5\n"${"x".repeat(300)}": 1`));
    expect(found.map((line) => line.slice(0, 60))).toMatchInlineSnapshot(`
      [
        "K1202 environment.yaml:4:8 \`a\`: must match the pattern \`^a*a",
        "K1202 environment.yaml:5:10 \`xxy\`: is a value that the relea",
        "K1203 environment.yaml:6:5 unknown setting \`xxxxxxxxxxxxxxxx",
      ]
    `);
  });

  test("of none, when their patterns would take too long together", () => {
    const costly = { type: "object", additionalProperties: { pattern: "(?:[a-c]{1,40}){40}$" } };
    const texts = [1, 2, 3, 4].map((number) => `a${number}: ${"abc".repeat(1300)}-${number}`).join("\n");
    expect(layer(costly, layerOf("environment", texts)).values).toEqual({});
    expect(lines(costly, layerOf("environment", texts))).toEqual([
      "K1204 settings.schema.json:1:1 its patterns take too long to match with these settings",
    ]);
  });

  test.each([
    [
      "alternatives for each of many items",
      { items: { anyOf: Array.from({ length: 3000 }, (_, n) => ({ const: `y${n}` })) } },
    ],
    [
      "alternatives of which none fits",
      { items: { oneOf: Array.from({ length: 3000 }, (_, n) => ({ maxLength: n })) } },
    ],
    ["a long list of texts", { items: { enum: Array.from({ length: 9000 }, (_, n) => `y${n}`) } }],
    ["items of which each is compared with each", { uniqueItems: true }],
  ])("of none, when a validator would need too long: %s", (_, rule) => {
    const text = `a: [${Array.from({ length: 9000 }, (_each, n) => `x${n}`).join(",")}]`;
    const costly = { type: "object", properties: { a: { type: "array", ...rule } } };
    expect(lines(costly, layerOf("environment", text)).map((line) => line.slice(0, 70))).toEqual([
      "K1204 settings.schema.json:1:1 it takes too long to apply to these set",
    ]);
  });

  test("of many settings with a rule each, in a time that grows with them", () => {
    const rule = {
      type: "array",
      items: { type: "object", properties: { n: { type: "integer" }, t: { enum: ["a", "b"] } } },
    };
    const text = `a: [${Array.from({ length: 3000 }, (_each, n) => `{n: ${n}, t: a}`).join(",")}]`;
    expect(lines({ type: "object", properties: { a: rule } }, layerOf("environment", text))).toEqual([]);
    const wrong = text.replaceAll("t: a", "t: c");
    expect(
      lines({ type: "object", properties: { a: rule } }, layerOf("environment", wrong)).length,
    ).toBeGreaterThan(100);
  });

  test("of thousands that are missing, each once, in a time that grows with them", () => {
    const required = Array.from({ length: 4000 }, (_, n) => `r${n}`);
    const inner = { type: "object", required, additionalProperties: {} };
    const outer = { ...inner, properties: { in: inner } };
    const start = performance.now();
    const found = lines(outer, layerOf("environment", "in: {}"));
    expect(found.length).toBe(8000);
    expect(new Set(found).size).toBe(8000);
    expect(performance.now() - start).toBeLessThan(5_000);
    const all = Object.fromEntries(required.map((name) => [name, 1]));
    const given = layerOf("environment", `{ in: ${JSON.stringify(all)}, ${JSON.stringify(all).slice(1)}`);
    expect(lines(outer, given)).toEqual([]);
  });

  test("once, without the branches that led to it", () => {
    const either = {
      type: "object",
      properties: {
        a: { anyOf: [{ type: "string" }, { type: "object", required: ["b"], properties: { b: {} } }] },
      },
    };
    expect(lines(either, layerOf("environment", "a: { }"))).toEqual([
      "K1202 environment.yaml:4:8 `a`: fits none of the forms that the release allows",
    ]);
    expect(lines(either, layerOf("environment", "a: x"))).toEqual([]);
  });

  test.each([
    [{ minLength: 1 }, '""', "must not be empty"],
    [{ maxLength: 2 }, "abc", "must have at most 2 characters, found `abc`"],
    [{ pattern: "^a+$" }, "b", "must match the pattern `^a+$`, found `b`"],
    [
      { pattern: "^a+$" },
      "a".repeat(4097),
      "must match a pattern, which no text of more than 4096 characters does",
    ],
    [{ const: "x" }, "b", "must be `x`, found `b`"],
    [{ exclusiveMaximum: 3 }, "3", "must be less than 3, found 3"],
    [{ multipleOf: 2 }, "3", "must be a multiple of 2, found 3"],
    [{ minItems: 2 }, "[1]", "must have at least 2 items"],
    [{ uniqueItems: true }, "[1, 1]", "must not hold the same item twice"],
    [{ contains: { const: 1 } }, "[2]", "lacks an item that the release asks for"],
    [{ not: { const: 2 } }, "2", "is a value that the release does not allow, found 2"],
    [
      { oneOf: [{ type: "number" }, { minimum: 1 }] },
      "2",
      "must fit exactly one of the forms that the release allows, found 2",
    ],
    [{ maxProperties: 1 }, "{ a: 1, b: 2 }", "must have at most 1 keys"],
    [{ type: ["string", "null"] }, "[]", "expected text or nothing, found a list"],
    [
      JSON.parse('{ "if": { "type": "string" }, "then": { "minLength": 3 } }'),
      "ab",
      "must have at least 3 characters, found `ab`",
    ],
  ])("%j refuses %s", (rule, value, message) => {
    expect(lines({ type: "object", properties: { a: rule } }, layerOf("environment", `a: ${value}`))).toEqual(
      [`K1202 environment.yaml:4:8 \`a\`: ${message}`],
    );
  });
});

describe("which settings are known", () => {
  const extra = (rule: JsonObject) => lines({ type: "object", ...rule }, layerOf("environment", "b: 1"));

  test.each<[string, JsonObject]>([
    ["properties close a map", { properties: { a: {} } }],
    ["as additionalProperties: false does", { additionalProperties: false }],
    ["also through allOf", { allOf: [{ properties: { a: {} } }] }],
  ])("%s", (_, rule) => {
    expect(extra(rule)).toEqual(["K1203 environment.yaml:4:5 unknown setting `b`"]);
  });

  test.each<[string, JsonObject]>([
    ["a map without properties is free", {}],
    ["additionalProperties opens it", { properties: { a: {} }, additionalProperties: true }],
    ["to what fits", { properties: { a: {} }, additionalProperties: { type: "number" } }],
    ["patternProperties know a key", { properties: { a: {} }, patternProperties: { "^b$": {} } }],
    [
      "so does any branch",
      { properties: { a: {} }, if: { required: ["a"] }, else: { properties: { b: {} } } },
    ],
    [
      "and a mixin",
      { properties: { a: {} }, allOf: [{ $ref: "#/$defs/b" }], $defs: { b: { properties: { b: {} } } } },
    ],
  ])("%s", (_, rule) => {
    expect(extra(rule)).toEqual([]);
  });
});

test("settings for a release without a schema are refused, no settings are fine", () => {
  const layers = [layerOf("environment", "a: 1"), layerOf("node", "{}")];
  const { values, problems } = layerSettings({
    owner: { kind: "release", name: "pryv" },
    schema: null,
    layers,
  });
  expect(values).toEqual({});
  expect(problems.map(({ code, file, line, message }) => `${code} ${file}:${line} ${message}`)).toEqual([
    "K1205 environment.yaml:3 release `pryv` has no settings",
  ]);
});

test("a bad schema gives its problems and no values", () => {
  const { values, problems } = layer(
    { properties: { a: { type: "strng" } } },
    layerOf("environment", "a: 1"),
  );
  expect(values).toEqual({});
  expect(problems.map(({ code }) => code)).toEqual(["K1204"]);
  expect(checkSettingsSchema(schemaOf(schema))).toEqual([]);
});

test("more settings than a person writes are refused before they are compared", () => {
  const many = layerOf("environment", `a: [${"1, ".repeat(10_001)}]`);
  expect(lines({ type: "object", properties: { a: { uniqueItems: true } } }, many)).toEqual([
    "K1202 environment.yaml:3:3 more than 10000 settings, list items included",
  ]);
});

describe("properties", () => {
  const keys = fc.constantFrom("a", "b", "c", "constructor", "__proto__", "toString", "x.y", "0");
  const { tree: values } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, true, 0, 1.5, "text", ""),
      fc.array(tie("tree"), { maxLength: 2 }),
      fc.array(fc.tuple(keys, tie("tree")), { maxLength: 3 }).map(objectFrom),
    ),
  }));
  const object = fc.array(fc.tuple(keys, values), { maxLength: 4 }).map(objectFrom);
  const anywhere = { file: "x.yaml", positionOf: () => ({ line: 1, column: 1 }), lineText: () => "" };
  const layerWith = (of: JsonObject) => ({
    kind: "environment" as const,
    name: "x",
    located: { ...anywhere, value: of },
    path: "settings.x",
    values: of,
  });
  const free = { ...anywhere, value: {} };

  test("without rules the last word of each key wins, and nothing that was given is changed", () => {
    fc.assert(
      fc.property(object, object, (lower, upper) => {
        const before = JSON.stringify([lower, upper]);
        const layers = [layerWith(lower), layerWith(upper)];
        const { values, problems, provenance } = layerSettings({
          owner: { kind: "release", name: "x" },
          schema: free,
          layers,
        });
        expect(problems).toEqual([]);
        expect(values).toEqual(merge(withoutPrototype(lower), withoutPrototype(upper)));
        expect(Object.getPrototypeOf(values)).toBe(Object.prototype);
        expect(Object.keys(provenance).length > 0).toBe(Object.keys(values).length > 0);
        expect(JSON.stringify([lower, upper])).toBe(before);
      }),
    );
  });

  test("no schema and no values make it throw, and no prototype is touched", () => {
    const names = [
      "type",
      "properties",
      "items",
      "allOf",
      "anyOf",
      "$ref",
      "default",
      "enum",
      "required",
      "pattern",
      "if",
      "not",
      "$defs",
      "x-override",
      "$id",
      "id",
      "format",
      "minimum",
      "patternProperties",
      "dependentSchemas",
    ];
    const { schema: schemas } = fc.letrec<{ schema: unknown; any: unknown }>((tie) => ({
      any: fc.oneof(
        fc.constantFrom<unknown>(
          "object",
          "string",
          "#/$defs/a",
          "#",
          "http://x/",
          "a",
          "(a+)+",
          1,
          -1,
          null,
          true,
          ["a"],
          ["node"],
          [],
          ["string", "null"],
        ),
        tie("schema"),
        fc.array(tie("schema"), { maxLength: 2 }),
        fc.array(fc.tuple(keys, tie("schema")), { maxLength: 2 }).map(objectFrom),
      ),
      schema: fc.array(fc.tuple(fc.constantFrom(...names), tie("any")), { maxLength: 4 }).map(objectFrom),
    }));
    fc.assert(
      fc.property(schemas, object, (value, settings) => {
        if (!isJsonObject(value)) return;
        const located = { ...anywhere, value };
        const before = JSON.stringify(value);
        const layers = [layerWith(settings), { ...layerWith(settings), kind: "node" as const }];
        expect(() =>
          layerSettings({ owner: { kind: "release", name: "x" }, schema: located, layers }),
        ).not.toThrow();
        expect(JSON.stringify(value)).toBe(before);
        expect(Object.hasOwn(Object.prototype, "a")).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  function objectFrom(entries: [string, unknown][]): JsonObject {
    const object: unknown = JSON.parse(
      `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`,
    );
    return isJsonObject(object) ? object : {};
  }

  function withoutPrototype(value: unknown): unknown {
    if (!isJsonObject(value)) return Array.isArray(value) ? value.map(withoutPrototype) : value;
    const kept = Object.entries(value).filter(([key]) => key !== "__proto__");
    return Object.fromEntries(kept.map(([key, item]) => [key, withoutPrototype(item)]));
  }

  function merge(lower: unknown, upper: unknown): unknown {
    if (!isJsonObject(lower) || !isJsonObject(upper)) return upper;
    const merged: Record<string, unknown> = { ...lower };
    for (const [key, value] of Object.entries(upper)) {
      merged[key] = Object.hasOwn(lower, key) ? merge(lower[key], value) : value;
    }
    return merged;
  }
});
