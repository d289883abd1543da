import { isJsonObject, keyPath, type Finding, type Json, type JsonObject } from "@keelson/model";

import { patternFault } from "./pattern-rule.ts";
import {
  formatNames,
  openableLayers,
  refusedKeywords,
  schemaKeywords,
  schemaListKeywords,
  schemaMapKeywords,
  typeNames,
} from "./schema-keywords.ts";

/** What is wrong with the keywords of one schema, schemas inside it left out (K1204). */
export function keywordFindings(schema: JsonObject, path: readonly (string | number)[]): Finding[] {
  const findings: Finding[] = [];
  for (const [key, value] of Object.entries(schema)) {
    const message = keywordFault(key, value);
    if (message !== null)
      findings.push({ code: "K1204", path: keyPath([...path, key]), message: `\`${key}\` ${message}` });
  }
  if (path.length > 0 && typeof schema["$id"] === "string") {
    findings.push({
      code: "K1204",
      path: keyPath([...path, "$id"]),
      message: "`$id` may stand at the top only",
    });
  }
  return findings;
}

function keywordFault(key: string, value: Json): string | null {
  if ((refusedKeywords as readonly string[]).includes(key))
    return "is not supported; use `$ref` with `#/$defs/…`";
  return Object.hasOwn(rules, key) ? (rules[key]?.(value) ?? null) : null;
}

/** Keywords that have a meaning here: those with a rule, those that hold schemas, and those that hold any value. */
export function isKeptKeyword(key: string): boolean {
  if (key === "$ref") return false;
  const holding: readonly string[] = [...schemaKeywords, ...schemaListKeywords, ...schemaMapKeywords];
  return Object.hasOwn(rules, key) || holding.includes(key) || key === "default" || key === "const";
}

type Rule = (value: Json) => string | null;

const mapOf: Rule = (value) => (isJsonObject(value) ? null : "must be a map");
const listOf: Rule = (value) =>
  Array.isArray(value) && value.length > 0 ? null : "must be a list that is not empty";
const number: Rule = (value) => (typeof value === "number" ? null : "must be a number");
const text: Rule = (value) => (typeof value === "string" ? null : "must be text");
const flag: Rule = (value) => (typeof value === "boolean" ? null : "must be true or false");
const count: Rule = (value) =>
  typeof value === "number" && Number.isInteger(value) && value >= 0
    ? null
    : "must be a whole number from 0 on";
const texts: Rule = (value) =>
  Array.isArray(value) && value.every((item) => typeof item === "string") ? null : "must be a list of texts";

function choice(names: readonly string[]): Rule {
  return (value) =>
    typeof value === "string" && names.includes(value) ? null : `must be one of ${names.join(", ")}`;
}

const types: Rule = (value) => {
  const all = Array.isArray(value) ? value : [value];
  return all.map(choice(typeNames)).find((fault) => fault !== null) ?? null;
};

const override: Rule = (value) =>
  Array.isArray(value) && value.every((item) => choice(openableLayers)(item) === null)
    ? null
    : `must be a list of ${openableLayers.join(", ")}`;

const pattern: Rule = (value) => (typeof value === "string" ? patternFault(value) : "must be text");

const patterns: Rule = (value) => {
  if (!isJsonObject(value)) return "must be a map";
  return (
    Object.keys(value)
      .map(patternFault)
      .find((fault) => fault !== null) ?? null
  );
};

const rules: Record<string, Rule> = {
  type: types,
  format: choice(formatNames),
  pattern,
  patternProperties: patterns,
  "x-override": override,
  properties: mapOf,
  dependentSchemas: mapOf,
  dependentRequired: mapOf,
  allOf: listOf,
  anyOf: listOf,
  oneOf: listOf,
  prefixItems: listOf,
  enum: listOf,
  required: texts,
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  multipleOf: (value) => (typeof value === "number" && value > 0 ? null : "must be a number above 0"),
  minLength: count,
  maxLength: count,
  minItems: count,
  maxItems: count,
  minContains: count,
  maxContains: count,
  minProperties: count,
  maxProperties: count,
  uniqueItems: flag,
  $ref: text,
  title: text,
  description: text,
};
