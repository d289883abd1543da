import { type ParsedNode, type YAMLMap, isMap, isScalar, isSeq } from "yaml";

import { parseKeyPath } from "@keelson/model";

import { type AliasTargets, keyText } from "./yaml-value.ts";

/** The nodes of a key and of what it holds. */
export interface NodePlace {
  key: ParsedNode | null;
  value: ParsedNode | null;
}

/** Finds the node of a path as `keyPath` writes it; the key of the nearest parent when the path leads nowhere. */
export function findPlace(
  document: { root: ParsedNode | null; aliases: AliasTargets },
  path: string,
): NodePlace {
  const { root, aliases } = document;
  let place: NodePlace = { key: root, value: root };
  for (const segment of parseKeyPath(path)) {
    const node = place.value;
    const below = stepInto(node === null ? null : (aliases.get(node) ?? node), segment);
    if (below === null) return { key: place.key, value: place.key };
    place = below;
  }
  return place;
}

function stepInto(node: ParsedNode | null, segment: string): NodePlace | null {
  if (isSeq(node)) {
    const item = node.items[Number(segment)] ?? null;
    return item === null ? null : { key: item, value: item };
  }
  return isMap(node) ? (entriesOf(node).get(segment) ?? null) : null;
}

/** Kept, since the entries of a large map are asked for one by one, and a search each time would take seconds. */
const entriesByMap = new WeakMap<YAMLMap.Parsed, Map<string, NodePlace>>();

function entriesOf(map: YAMLMap.Parsed): Map<string, NodePlace> {
  const known = entriesByMap.get(map);
  if (known !== undefined) return known;
  const entries = new Map<string, NodePlace>();
  for (const { key, value } of map.items) {
    const text = isScalar(key) ? keyText(key) : null;
    if (text !== null && !entries.has(text)) entries.set(text, { key, value });
  }
  entriesByMap.set(map, entries);
  return entries;
}
