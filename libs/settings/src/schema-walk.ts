import { type Json, type JsonObject, isJsonObject } from "@keelson/model";

import type { PatternTest } from "./pattern-rule.ts";

/**
 * All schemas about one value: the schema and every branch of `allOf`, `anyOf`, `oneOf`, `if`, `then`, `else` and
 * `dependentSchemas`, since the value decides which of them hold.
 */
export function branchesOf(schema: Json | undefined): JsonObject[] {
  if (!isJsonObject(schema)) return [];
  const { allOf, anyOf, oneOf, dependentSchemas } = schema;
  const lists = [allOf, anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? list : []));
  const dependent = isJsonObject(dependentSchemas) ? Object.values(dependentSchemas) : [];
  const inner = [...lists, schema["if"], schema["then"], schema["else"], ...dependent];
  return [schema, ...inner.flatMap(branchesOf)];
}

/** The branches that hold whatever the value is. */
export function certainBranchesOf(schema: Json | undefined): JsonObject[] {
  if (!isJsonObject(schema)) return [];
  const { allOf } = schema;
  return [schema, ...(Array.isArray(allOf) ? allOf.flatMap(certainBranchesOf) : [])];
}

/** The branches for a key of a map, or null when the map is closed and does not know it. */
export function propertyBranches(
  branches: readonly JsonObject[],
  { key, test }: { key: string; test: PatternTest },
): JsonObject[] | null {
  const named = branches.flatMap((branch) => namedSchemas(branch, { key, test }));
  if (named.length > 0) return named.flatMap(branchesOf);
  const others = branches.flatMap((branch) => [
    branch["additionalProperties"],
    branch["unevaluatedProperties"],
  ]);
  const open = others.filter((other) => other === true || isJsonObject(other));
  if (open.length > 0) return open.flatMap(branchesOf);
  return branches.some(({ properties }) => properties !== undefined) || others.includes(false) ? null : [];
}

function namedSchemas(
  { properties, patternProperties }: JsonObject,
  { key, test }: { key: string; test: PatternTest },
): Json[] {
  const found: Json[] = [];
  if (isJsonObject(properties) && Object.hasOwn(properties, key)) found.push(properties[key] ?? true);
  if (!isJsonObject(patternProperties)) return found;
  const matching = Object.entries(patternProperties).filter(([pattern]) => test(pattern, key));
  return [...found, ...matching.map(([, schema]) => schema)];
}

/** The branches for an item of a list. */
export function itemBranches(branches: readonly JsonObject[], index: number): JsonObject[] {
  return branches.flatMap(({ prefixItems, items, unevaluatedItems }) => {
    const own = Array.isArray(prefixItems) ? prefixItems[index] : undefined;
    return branchesOf(own ?? items ?? unevaluatedItems);
  });
}

/** The keys that the properties of these branches name. */
export function namedKeys(branches: readonly JsonObject[]): string[] {
  const named = branches.flatMap(({ properties }) =>
    isJsonObject(properties) ? Object.keys(properties) : [],
  );
  return [...new Set(named)];
}
