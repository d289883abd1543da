import { encodePointer } from "@cfworker/json-schema";

import { type Json, type JsonObject, isJsonObject } from "@keelson/model";

import type { PatternTest } from "./pattern-rule.ts";
import { schemaKeywords, schemaListKeywords, schemaMapKeywords } from "./schema-keywords.ts";
import { entriesOf } from "./setting-tree.ts";

/**
 * A copy of a schema in which each pattern only lists the texts of these values that match it. The validator builds
 * backtracking expressions from patterns, and one from a list of texts ends at once, whatever the pattern was.
 * `locationOf` makes a pointer into the copy one into the schema.
 */
export function withKnownMatches(
  schema: JsonObject,
  { values, test }: { values: Json; test: PatternTest },
): { schema: JsonObject; locationOf: (pointer: string) => string } {
  const texts = [...new Set(textsOf(values))];
  const listings = new Map<string, string>();
  const patterns = new Map<string, string>();
  const listingOf = (pattern: string): string => {
    const known = listings.get(pattern);
    if (known !== undefined) return known;
    const matching = texts.filter((text) => test(pattern, text)).map(escapeText);
    // The number keeps patterns apart that match the same texts: they are keys of a map.
    const listing = `^(?:${matching.join("|")}${matching.length === 0 ? "[]" : ""})(?:){${listings.size}}$`;
    listings.set(pattern, listing);
    patterns.set(encodePointer(listing), encodePointer(pattern));
    return listing;
  };
  const copy = copySchema(schema, listingOf);
  const locationOf = (pointer: string) =>
    pointer
      .split("/")
      .map((part) => patterns.get(part) ?? part)
      .join("/");
  return { schema: isJsonObject(copy) ? copy : {}, locationOf };
}

/** Every text and every key, however deep. */
function textsOf(value: Json): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return isJsonObject(value) ? entriesOf(value).flatMap(([key, item]) => [key, ...textsOf(item)]) : [];
}

function copySchema(schema: Json, listingOf: (pattern: string) => string): Json {
  if (!isJsonObject(schema)) return schema;
  const below = (inner: Json) => copySchema(inner, listingOf);
  const copyKeyword = (key: string, value: Json): Json => {
    if (key === "pattern" && typeof value === "string") return listingOf(value);
    if (includes(schemaKeywords, key)) return below(value);
    if (includes(schemaListKeywords, key) && Array.isArray(value)) return value.map(below);
    if (!includes(schemaMapKeywords, key) || !isJsonObject(value)) return structuredClone(value);
    const nameOf = (name: string) => (key === "patternProperties" ? listingOf(name) : name);
    return Object.fromEntries(entriesOf(value).map(([name, inner]) => [nameOf(name), below(inner)]));
  };
  return Object.fromEntries(entriesOf(schema).map(([key, value]) => [key, copyKeyword(key, value)]));
}

/** As a text of an expression with the flag `u`. */
function escapeText(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

function includes(keywords: readonly string[], key: string): boolean {
  return keywords.includes(key);
}
