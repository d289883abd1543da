import { isJsonObject, type Json, suggest, describeValue, quote, describeKind } from "@keelson/model";

import { maxTextLength } from "./pattern-rule.ts";

export interface Fault {
  keyword: string;
  /** The keyword's value in the schema. */
  rule: Json | undefined;
  /** What it was applied to. */
  found: Json | undefined;
  /** The validator's own words, for keywords that are not explained here. */
  otherwise: string;
}

/** A broken rule in the words of the person who wrote the value. */
export function explainFault(fault: Fault): { code: string; message: string; hint?: string | undefined } {
  const { keyword, rule, found, otherwise } = fault;
  if (keyword === "false") return { code: "K1203", message: "is not a setting of this release" };
  if (keyword === "type") {
    const message = `expected ${kindsOf(rule)}, found ${describeValue(found ?? null)}`;
    return { code: "K1202", message, hint: typeHint(rule, found) };
  }
  if (keyword === "enum" && Array.isArray(rule)) {
    const choice = rule.map((item) => (typeof item === "string" ? item : JSON.stringify(item)));
    const meant = typeof found === "string" ? suggest(found, choice) : undefined;
    const hint = meant === undefined ? undefined : `did you mean ${quote(meant)}?`;
    return { code: "K1202", message: `expected one of ${choice.join(", ")}; found ${show(found)}`, hint };
  }
  if (keyword === "pattern" && typeof found === "string" && found.length > maxTextLength) {
    const message = `must match a pattern, which no text of more than ${maxTextLength} characters does`;
    return { code: "K1202", message };
  }
  const explain = Object.hasOwn(explanations, keyword) ? explanations[keyword] : undefined;
  const message = explain === undefined || rule === undefined ? lowerFirst(otherwise) : explain(rule);
  const isShown = typeof found === "number" || (typeof found === "string" && found !== "");
  return { code: "K1202", message: isShown ? `${message}, found ${show(found)}` : message };
}

const explanations: Record<string, (rule: Json) => string> = {
  const: (rule) => `must be ${show(rule)}`,
  minimum: (rule) => `must be at least ${show(rule)}`,
  maximum: (rule) => `must be at most ${show(rule)}`,
  exclusiveMinimum: (rule) => `must be more than ${show(rule)}`,
  exclusiveMaximum: (rule) => `must be less than ${show(rule)}`,
  multipleOf: (rule) => `must be a multiple of ${show(rule)}`,
  minLength: (rule) => (rule === 1 ? "must not be empty" : `must have at least ${show(rule)} characters`),
  maxLength: (rule) => `must have at most ${show(rule)} characters`,
  minItems: (rule) => (rule === 1 ? "must not be empty" : `must have at least ${show(rule)} items`),
  maxItems: (rule) => `must have at most ${show(rule)} items`,
  uniqueItems: () => "must not hold the same item twice",
  minProperties: (rule) => `must have at least ${show(rule)} keys`,
  maxProperties: (rule) => `must have at most ${show(rule)} keys`,
  pattern: (rule) => `must match the pattern ${show(rule)}`,
  format: (rule) => `must be a valid ${typeof rule === "string" ? rule : "value"}`,
  anyOf: () => "fits none of the forms that the release allows",
  oneOf: () => "must fit exactly one of the forms that the release allows",
  not: () => "is a value that the release does not allow",
  contains: () => "lacks an item that the release asks for",
};

function kindsOf(rule: Json | undefined): string {
  const names = (Array.isArray(rule) ? rule : [rule]).map(String);
  return names.map(describeKind).join(" or ");
}

function typeHint(rule: Json | undefined, found: Json | undefined): string | undefined {
  const scalar = typeof found === "number" || typeof found === "boolean";
  return rule === "string" && scalar ? "put the value in quotes" : undefined;
}

function show(value: Json | undefined): string {
  if (typeof value === "string") return quote(value);
  if (value === undefined || isJsonObject(value) || Array.isArray(value)) return describeValue(value ?? null);
  return JSON.stringify(value);
}

function lowerFirst(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}
