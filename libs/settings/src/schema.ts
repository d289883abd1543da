import {
  isJsonObject,
  keyPath,
  problemAt,
  type Finding,
  type Json,
  type JsonObject,
  type Located,
  type Problem,
} from "@keelson/model";

import { lookUp, pointerOf } from "./json-pointer.ts";
import { isKeptKeyword, keywordFindings } from "./keyword-rule.ts";
import type { Segments } from "./layer.ts";
import type { MatchBudget } from "./pattern-machine.ts";
import { type PatternTest, maxMatchSteps, newPatternTest } from "./pattern-rule.ts";
import {
  definitionKeywords,
  schemaKeywords,
  schemaListKeywords,
  schemaMapKeywords,
} from "./schema-keywords.ts";
import { entriesOf } from "./setting-tree.ts";

/** What `$ref`s may expand a schema to: far above any real one, far below what hurts. */
const maxNodes = 10_000;
const maxDepth = 100;

/** A settings schema without `$ref`: each is replaced by an `allOf` of what it means. */
export interface SettingsSchema {
  located: Located<JsonObject>;
  root: JsonObject;
  /** Where in the document a schema of the expanded tree stands, as `keyPath` writes it. */
  pathOf: (schema: JsonObject) => string;
  /** Whether a pattern of the schema fits a text. */
  test: PatternTest;
  /** What the tests may still cost. After it is used up, their answers mean nothing. */
  budget: MatchBudget;
}

/** Checks a release's settings schema and expands it; null when it has problems (K1204). Never throws. */
export function readSchema(located: Located<JsonObject>): {
  schema: SettingsSchema | null;
  problems: Problem[];
} {
  const expansion: Expansion = {
    document: located.value,
    paths: new WeakMap(),
    findings: new Map(),
    nodes: 0,
  };
  const root = expand(expansion, { schema: located.value, path: [], refs: [], depth: 0 });
  for (const keyword of definitionKeywords) expandDefinitions(expansion, keyword);
  if (!isJsonObject(root)) report(expansion, { path: [], message: "the settings schema must be a map" });
  const problems = [...expansion.findings.values()].map((finding) => problemAt(located, finding));
  if (problems.length > 0 || !isJsonObject(root)) return { schema: null, problems };
  const pathOf = (schema: JsonObject) => expansion.paths.get(schema) ?? "";
  const budget = { steps: maxMatchSteps };
  return { schema: { located, root, pathOf, test: newPatternTest(budget), budget }, problems };
}

interface Expansion {
  document: JsonObject;
  paths: WeakMap<JsonObject, string>;
  /** By path and message: what is referred to twice is wrong once. */
  findings: Map<string, Finding>;
  nodes: number;
}

interface Part {
  schema: Json;
  path: Segments;
  /** References being followed: meeting one again would never end. */
  refs: readonly string[];
  depth: number;
}

function expand(expansion: Expansion, part: Part): JsonObject | boolean {
  const { schema, path } = part;
  if (typeof schema === "boolean") return schema;
  if (!isJsonObject(schema))
    return report(expansion, { path, message: "a schema must be a map, true or false" });
  if (++expansion.nodes > maxNodes || part.depth > maxDepth) {
    const message = `the schema is too large: over ${maxNodes} parts, or over ${maxDepth} levels deep`;
    return report(expansion, { path: [], message });
  }
  for (const finding of keywordFindings(schema, path)) keep(expansion, finding);
  const expanded: JsonObject = {};
  expansion.paths.set(expanded, keyPath(path));
  for (const [key, value] of Object.entries(schema)) {
    // An unknown key could have a meaning for the validator: an `id` somewhere moves every reference.
    if (isKeptKeyword(key)) expanded[key] = expandKeyword(expansion, { ...part, key, value });
  }
  if (typeof schema["$ref"] === "string") {
    const others = Array.isArray(expanded["allOf"]) ? expanded["allOf"] : [];
    expanded["allOf"] = [...others, expandReference(expansion, { ...part, reference: schema["$ref"] })];
  }
  return expanded;
}

function expandKeyword(expansion: Expansion, part: Part & { key: string; value: Json }): Json {
  const { key, value, refs, depth } = part;
  const below = (schema: Json, ...segments: Segments): JsonObject | boolean =>
    expand(expansion, { schema, path: [...part.path, key, ...segments], refs, depth: depth + 1 });
  if (isOneOf(schemaKeywords, key)) return below(value);
  if (isOneOf(schemaListKeywords, key) && Array.isArray(value))
    return value.map((item, index) => below(item, index));
  if (!isOneOf(schemaMapKeywords, key) || !isJsonObject(value)) return value;
  return Object.fromEntries(entriesOf(value).map(([name, item]) => [name, below(item, name)]));
}

function expandReference(expansion: Expansion, part: Part & { reference: string }): JsonObject | boolean {
  const { reference, refs, depth } = part;
  const path = [...part.path, "$ref"];
  if (!reference.startsWith("#/")) {
    const hint = "a `$ref` begins with `#/$defs/`";
    return report(expansion, { path, message: `\`${reference}\` is not a part of this schema`, hint });
  }
  if (refs.includes(reference))
    return report(expansion, { path, message: `\`${reference}\` leads back to itself` });
  const target = pointerOf(reference);
  const schema = lookUp(expansion.document, target);
  if (schema === undefined) {
    return report(expansion, { path, message: `there is no \`${reference}\` in this schema` });
  }
  return expand(expansion, { schema, path: target, refs: [...refs, reference], depth: depth + 1 });
}

/** Checks also the definitions that nothing refers to. */
function expandDefinitions(expansion: Expansion, keyword: string): void {
  const definitions = expansion.document[keyword];
  if (definitions === undefined) return;
  if (!isJsonObject(definitions)) {
    report(expansion, { path: [keyword], message: `\`${keyword}\` must be a map of schemas` });
    return;
  }
  for (const [name, schema] of entriesOf(definitions)) {
    expand(expansion, { schema, path: [keyword, name], refs: [], depth: 0 });
  }
}

/** Notes what is wrong; true lets anything pass where the schema cannot be read. */
function report(expansion: Expansion, said: { path: Segments; message: string; hint?: string }): true {
  keep(expansion, { ...said, code: "K1204", path: keyPath(said.path) });
  return true;
}

function keep(expansion: Expansion, finding: Finding): void {
  expansion.findings.set(`${finding.path} ${finding.message}`, finding);
}

function isOneOf(keywords: readonly string[], key: string): boolean {
  return keywords.includes(key);
}
