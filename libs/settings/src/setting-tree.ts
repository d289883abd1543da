import { type Json, type JsonObject, isJsonObject, keyPath } from "@keelson/model";

import { type Origin, type Segments, originBelow } from "./layer.ts";

/** Layered settings, each value with where it was written. */
export type SettingTree = SettingMap | SettingLeaf;

export interface SettingMap {
  kind: "map";
  entries: Map<string, SettingTree>;
  /** Of the last layer that wrote something into it. */
  origin: Origin;
}

/** A list counts as one value: it is replaced as a whole. */
export interface SettingLeaf {
  kind: "leaf";
  value: Exclude<Json, JsonObject>;
  origin: Origin;
}

/** A value as a tree; `origin` is where the value as a whole was written. */
export function treeOf(value: Json, origin: Origin): SettingTree {
  if (!isJsonObject(value)) return { kind: "leaf", value, origin };
  const entries = new Map<string, SettingTree>();
  for (const [key, item] of entriesOf(value)) entries.set(key, treeOf(item, originBelow(origin, [key])));
  return { kind: "map", entries, origin };
}

/** The entries of a map but `__proto__`: assigning that would change what every lookup answers. */
export function entriesOf(value: JsonObject): [string, Json][] {
  return Object.entries(value).filter(([key]) => key !== "__proto__");
}

/** The upper tree over the lower: maps merge, everything else is replaced as a whole. Changes neither. */
export function mergeTrees(lower: SettingTree | undefined, upper: SettingTree): SettingTree {
  if (lower?.kind !== "map" || upper.kind !== "map") return upper;
  const entries = new Map(lower.entries);
  for (const [key, tree] of upper.entries) entries.set(key, mergeTrees(entries.get(key), tree));
  return { kind: "map", entries, origin: upper.origin };
}

/** The plain value. */
export function valueOf(tree: SettingTree): Json {
  if (tree.kind === "leaf") return tree.value;
  return Object.fromEntries([...tree.entries].map(([key, item]) => [key, valueOf(item)]));
}

/** Every leaf and empty map by its path. */
export function leavesOf(tree: SettingTree, segments: Segments = []): { path: string; origin: Origin }[] {
  if (tree.kind === "leaf" || tree.entries.size === 0)
    return [{ path: keyPath(segments), origin: tree.origin }];
  return [...tree.entries].flatMap(([key, item]) => leavesOf(item, [...segments, key]));
}

/** Where the value at a path was written: inside a list at the item; for a missing value at the map above. */
export function originAt(tree: SettingTree, segments: Segments): Origin {
  let found = tree;
  for (const [index, segment] of segments.entries()) {
    const below = found.kind === "map" ? found.entries.get(String(segment)) : undefined;
    if (below === undefined) return originBelow(found.origin, segments.slice(index));
    found = below;
  }
  return found.origin;
}
