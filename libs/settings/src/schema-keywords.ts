/** Where JSON Schema 2020-12 keeps schemas inside a schema. */
export const schemaKeywords = [
  "items",
  "contains",
  "additionalProperties",
  "propertyNames",
  "unevaluatedItems",
  "unevaluatedProperties",
  "not",
  "if",
  "then",
  "else",
] as const;
export const schemaListKeywords = ["prefixItems", "allOf", "anyOf", "oneOf"] as const;
export const schemaMapKeywords = ["properties", "patternProperties", "dependentSchemas"] as const;
export const definitionKeywords = ["$defs", "definitions"] as const;

export const typeNames = ["object", "array", "string", "number", "integer", "boolean", "null"] as const;

/** The formats of JSON Schema 2020-12 that are checked; another one would silently check nothing. */
export const formatNames = [
  "date",
  "time",
  "date-time",
  "duration",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "uri",
  "uri-reference",
  "uri-template",
  "uuid",
  "json-pointer",
  "relative-json-pointer",
  "regex",
] as const;

/** Layers below the environment to which `x-override` may open a setting. */
export const openableLayers = ["site", "node"] as const;

/** Keywords with which a schema could read other documents, or that the validator does not follow. */
export const refusedKeywords = [
  "$dynamicRef",
  "$dynamicAnchor",
  "$recursiveRef",
  "$recursiveAnchor",
  "$anchor",
] as const;
