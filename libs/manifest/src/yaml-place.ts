import { isMap, isScalar, isSeq, type ParsedNode } from "yaml";

import { parseKeyPath } from "@keelson/model";

import type { AliasTargets } from "./yaml-value.ts";

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
  if (!isMap(node)) return null;
  for (const { key, value } of node.items) {
    if (isScalar(key) && (key.value === segment || key.source === segment)) return { key, value };
  }
  return null;
}
