import { type Json, isJsonObject } from "./repository.ts";

/** A value of a Compose file, or of what Compose made of it. */
export interface Occurrence {
  value: Json;
  path: readonly string[];
  /** The maps and lists that hold it, the document first. */
  parents: readonly Json[];
}

/** The values at a place: keys with dots between; `*` is every key or entry, `*?` also the value itself when it is a single one. */
export function findOccurrences(at: string, root: Json): Occurrence[] {
  return [...occurrencesOf(at.split("."), { value: root, path: [], parents: [] })];
}

function* occurrencesOf(pattern: readonly string[], at: Occurrence): Generator<Occurrence> {
  const [segment, ...rest] = pattern;
  if (segment === undefined) {
    yield at;
    return;
  }
  const entries = childrenOf(at.value);
  if (entries === null) {
    if (segment === "*?" && at.value !== null) yield* occurrencesOf(rest, at);
    return;
  }
  for (const [key, value] of entries) {
    if (segment !== "*" && segment !== "*?" && segment !== key) continue;
    yield* occurrencesOf(rest, { value, path: [...at.path, key], parents: [...at.parents, at.value] });
  }
}

function childrenOf(value: Json): [string, Json][] | null {
  if (Array.isArray(value)) return value.map((item, index) => [String(index), item]);
  return isJsonObject(value) ? Object.entries(value) : null;
}

/** Whether a value asks for nothing: none, `false`, an empty list, mapping or text. */
export function isOff(value: Json): boolean {
  if (value === null || value === false || value === "" || value === "false") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** Name and value of an entry of a map, or of a list of `name=value`. */
export function entryOf({ value, path, parents }: Occurrence): { name: string; value: Json | undefined } {
  if (!Array.isArray(parents.at(-1))) return { name: path.at(-1) ?? "", value };
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const at = text.indexOf("=");
  return at === -1
    ? { name: text, value: undefined }
    : { name: text.slice(0, at), value: text.slice(at + 1) };
}
