import { canonicalText, compareText } from "@keelson/model";

/** What is true of a container, by the name that Compose has for it: `environment.TZ`, `volumes./data`, `mem_limit`. */
export type Facts = Map<string, string>;

/** Takes note of a value; what asks for nothing is no fact. */
export function note(facts: Facts, name: string, value: unknown): void {
  if (value === undefined || value === null || value === false || value === "" || value === 0) return;
  if (typeof value === "object" && Object.keys(value).length === 0) return;
  facts.set(name, typeof value === "string" ? value : canonicalText(value));
}

/** Takes note of each value of a map under its own name; an empty text is a value there. */
export function noteEach(facts: Facts, name: string, values: Iterable<readonly [string, string]>): void {
  for (const [key, value] of values) facts.set(`${name}.${key}`, value);
}

/** A list whose order means nothing. */
export function unordered(values: readonly string[]): string[] {
  return [...new Set(values)].sort(compareText);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textsOf(value: unknown): string[] {
  return listOf(value).map(textOf);
}

/** The entries of a map with its values as text. */
export function textEntries(value: unknown): [string, string][] {
  return Object.entries(recordOf(value)).map(([key, each]) => [key, textOf(each)]);
}

export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

export function numberOf(value: unknown): number {
  const number = Number(value ?? 0);
  return Number.isFinite(number) ? number : 0;
}
