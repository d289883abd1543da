import { isRecord } from "./is-record.ts";
import { type TemplateBudget, nestingLimit, tooDeep } from "./template-budget.ts";

/** What a value weighs. */
export interface Measure {
  /** Characters of it as text, about; parts that stand in it twice count twice. */
  size: number;
  /** Its own parts: characters, items or keys. */
  length: number;
  /** Levels of lists and maps. */
  depth: number;
  holdsSecret: boolean;
}

/** What a number, a truth value or nothing counts for, and a place in a list or map. */
export const scalarSize = 16;
export const placeSize = 8;

/** Characters that are read in the time of one step. */
const charactersPerStep = 16;

const scalar: Measure = { size: scalarSize, length: 0, depth: 0, holdsSecret: false };

/** Templates make new lists and change none, so what was measured once stays right. */
const known = new WeakMap<object, Measure>();

/**
 * Measures a value; each list and map once, or lists of lists of the same list would take a time that doubles with each
 * level. Throws K1315 for lists that are nested too deeply.
 */
export function measure(value: unknown, budget: TemplateBudget): Measure {
  if (typeof value === "string") {
    budget.step(value.length / charactersPerStep);
    return { size: value.length, length: value.length, depth: 0, holdsSecret: holdsMark(value) };
  }
  if (Array.isArray(value)) return measureParts(value, { parts: value, keys: [], budget });
  if (isRecord(value)) {
    const keys = Object.keys(value);
    return measureParts(value, { parts: keys.map((key) => value[key]), keys, budget });
  }
  return scalar;
}

function measureParts(
  whole: object,
  { parts, keys, budget }: { parts: readonly unknown[]; keys: readonly string[]; budget: TemplateBudget },
): Measure {
  const found = known.get(whole);
  if (found !== undefined) return found;
  const sum: Measure = {
    size: keys.reduce((size, { length }) => size + length, 0),
    length: parts.length,
    depth: 1,
    holdsSecret: keys.some(holdsMark),
  };
  budget.step(parts.length);
  for (const part of parts) {
    const { size, depth, holdsSecret } = measure(part, budget);
    sum.size += placeSize + size;
    sum.depth = Math.max(sum.depth, depth + 1);
    sum.holdsSecret ||= holdsSecret;
  }
  if (sum.depth > nestingLimit) throw tooDeep(`lists are nested more than ${nestingLimit} deep`);
  known.set(whole, sum);
  return sum;
}

/** What stands for a secret while a template is rendered. */
export function markOf(seal: string, secret: string): string {
  return `__secret-${seal}-${writtenName(secret)}__`;
}

/** What the filter `json` makes of a secret's mark: inside of a JSON string its value has escapes. */
export function jsonMarkOf(seal: string, secret: string): string {
  return `__secret-${seal}-json-${writtenName(secret)}__`;
}

/** An underscore could be the end of the mark: that of `A` would begin that of `A__B`. */
function writtenName(secret: string): string {
  return secret.replaceAll("_", "~");
}

/** A JSON text with all marks as those of values inside of JSON strings. */
export function withJsonMarks(text: string): string {
  return text.replace(/(__secret-[0-9a-f]{32}-)(?!json-)/g, "$1json-");
}

export function holdsJsonMark(text: string): boolean {
  return /__secret-[0-9a-f]{32}-json-/.test(text);
}

export function holdsMark(text: string): boolean {
  return text.includes("__secret-") && /__secret-[0-9a-f]{32}-/.test(text);
}
