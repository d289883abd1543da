import { type Json, type JsonObject, isJsonObject } from "@keelson/model";

/** A map of a document, and the way to it. */
export interface Layer {
  map: JsonObject;
  path: readonly (string | number)[];
}

/** A map and those that `<<` merges into it, the nearest first; nothing for what is no map. */
export function layersOf(value: Json | undefined, path: Layer["path"]): Layer[] {
  if (!isJsonObject(value)) return [];
  const merged = value["<<"];
  const below = Array.isArray(merged)
    ? merged.flatMap((each, index) => layersOf(each, [...path, "<<", index]))
    : layersOf(merged, [...path, "<<"]);
  return [{ map: value, path }, ...below];
}

/** A text or a number as it is written; empty for anything else. */
export function textOf(value: Json | undefined): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
