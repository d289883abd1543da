import { type Document, Scalar, isAlias, isMap, isNode, isScalar, isSeq } from "yaml";

import type { ComposeNode } from "./compose-node.ts";
import { Unreadable, scalarNode } from "./scalar-node.ts";

/** Far more than any real Compose file has, and far less than a small text with aliases or nesting can ask for. */
export const maxNodes = 20_000;
export const maxDepth = 40;

interface Evaluation {
  document: Document;
  overrideTags: boolean;
  budget: { nodesLeft: number };
}

/**
 * Evaluates aliases, anchors and merge keys (yaml.org/type/merge.html), so that what hides behind `<<` is judged
 * like what is written out. Throws `Unreadable` for what is not plain Compose YAML or exceeds the limits, which are those of all
 * documents together.
 */
export function evaluateDocuments(
  documents: readonly Document[],
  options: { overrideTags: boolean },
): ComposeNode[] {
  const budget = { nodesLeft: maxNodes };
  return documents.map((document) => {
    const offset = document.range?.[0] ?? 0;
    return evaluate({ ...options, document, budget }, { node: document.contents, offset, depth: 0 });
  });
}

interface Visit {
  node: unknown;
  offset: number;
  depth: number;
}

function evaluate(evaluation: Evaluation, { node, offset, depth }: Visit): ComposeNode {
  if (depth > maxDepth)
    throw new Unreadable("K1418", { offset, message: `nested deeper than ${maxDepth} levels` });
  if (--evaluation.budget.nodesLeft < 0) {
    throw new Unreadable("K1418", {
      offset,
      message: `more than ${maxNodes} values once aliases are followed`,
    });
  }
  if (isAlias(node)) {
    const target = node.resolve(evaluation.document);
    if (target === undefined) {
      throw new Unreadable("K1416", { offset, message: `alias *${node.source} has no anchor before it` });
    }
    return evaluate(evaluation, { node: target, offset, depth: depth + 1 });
  }
  const tag = tagOf(evaluation, { node, offset });
  if (isMap(node)) return { ...mapNode(evaluation, { node, offset, depth }), tag };
  if (isSeq(node)) {
    const items = node.items.map((item, index): [string, ComposeNode] => [
      String(index),
      evaluate(evaluation, { node: item, offset: offsetOf(item, offset), depth: depth + 1 }),
    ]);
    const children = new Map(items);
    return {
      kind: "list",
      value: items.map(([, child]) => child.value),
      offset,
      children,
      tag,
      literal: null,
    };
  }
  return scalarNode({ scalar: isScalar(node) ? node : null, offset, tag });
}

function mapNode(evaluation: Evaluation, { node, offset, depth }: Visit): ComposeNode {
  const children = new Map<string, ComposeNode>();
  let merged: { source: unknown; offset: number } | null = null;
  for (const pair of isMap(node) ? node.items : []) {
    const keyOffset = offsetOf(pair.key, offset);
    if (isMergeKey(pair.key)) {
      if (merged !== null)
        throw new Unreadable("K1416", { offset: keyOffset, message: "a second << in one mapping" });
      merged = { source: pair.value, offset: keyOffset };
      continue;
    }
    const key = keyText(evaluation, { node: pair.key, offset: keyOffset, depth });
    if (children.has(key)) {
      throw new Unreadable("K1416", { offset: keyOffset, message: `key "${key}" stands here twice` });
    }
    children.set(key, evaluate(evaluation, { node: pair.value, offset: keyOffset, depth: depth + 1 }));
  }
  if (merged !== null) {
    const source = evaluate(evaluation, { node: merged.source, offset: merged.offset, depth: depth + 1 });
    for (const [key, child] of mergedEntries(source)) if (!children.has(key)) children.set(key, child);
  }
  // fromEntries, because assigning a key named __proto__ would set the prototype and hide the value from the rules
  const value = Object.fromEntries([...children].map(([key, child]) => [key, child.value]));
  return { kind: "map", value, offset, children, tag: null, literal: null };
}

/** Of a list of mappings the earlier one wins. */
function mergedEntries(source: ComposeNode): [string, ComposeNode][] {
  if (source.kind === "map") return [...source.children];
  const sources = [...source.children.values()];
  if (source.kind === "scalar" || sources.some(({ kind }) => kind !== "map")) {
    throw new Unreadable("K1416", {
      offset: source.offset,
      message: "<< takes a mapping or a list of mappings",
    });
  }
  const entries = new Map<string, ComposeNode>();
  for (const { children } of sources) {
    for (const [key, child] of children) if (!entries.has(key)) entries.set(key, child);
  }
  return [...entries];
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === "<<" && key.type === Scalar.PLAIN && key.tag === undefined;
}

function keyText(evaluation: Evaluation, { node, offset, depth }: Visit): string {
  const key = evaluate(evaluation, { node, offset, depth: depth + 1 });
  if (key.kind !== "scalar" || key.value === null || key.tag !== null) {
    throw new Unreadable("K1416", { offset, message: "a key must be plain text" });
  }
  return key.literal ?? (typeof key.value === "string" ? key.value : JSON.stringify(key.value));
}

function tagOf(evaluation: Evaluation, at: { node: unknown; offset: number }): ComposeNode["tag"] {
  const tag = isMap(at.node) || isSeq(at.node) || isScalar(at.node) ? at.node.tag : undefined;
  if (tag === undefined || tag === "tag:yaml.org,2002:str") return null;
  if (tag === "!reset" || tag === "!override") {
    if (evaluation.overrideTags) return tag;
    throw new Unreadable("K1416", {
      offset: at.offset,
      message: `the tag ${tag} is only for an environment's Compose override`,
    });
  }
  throw new Unreadable("K1416", {
    offset: at.offset,
    message: `the tag ${tag} is not used in Compose files`,
  });
}

function offsetOf(node: unknown, fallback: number): number {
  return isNode(node) ? (node.range?.[0] ?? fallback) : fallback;
}
