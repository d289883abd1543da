import type { Json } from "./repository.ts";

/** Text of a user inside a message: marked off, and short enough to read. */
export function quote(text: string): string {
  return text.length > 80 ? `\`${text.slice(0, 80)}…\`` : `\`${text}\``;
}

/** A value in the words of the people who write the documents. */
export function describeValue(value: Json): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return `the number ${value}`;
  return typeof value === "string" ? "text" : "a map";
}

const kindNames: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  integer: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
  null: "nothing",
};

/** A kind of value as zod or JSON Schema calls it, in the same words. */
export function describeKind(kind: string): string {
  return Object.hasOwn(kindNames, kind) ? (kindNames[kind] ?? kind) : kind;
}

/** Permission bits as `chmod` takes them, such as `0640`. */
export function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

/** `1 container`, `2 containers` */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** What a person can do about a service that a commit has broken. */
export const wayBack = "To go back to what ran before, revert the commit and push.";
