import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
} from "yaml";

import { keyPath, type Finding, type Json, type JsonObject } from "@keelson/model";

/** Far above what people write, far below what makes a small document expand into gigabytes. */
const limits = { depth: 64, aliases: 100, values: 150_000 };

/** A finding with the node that it points at. */
export interface NodeFinding extends Finding {
  node: ParsedNode | null;
}

/** What the aliases of a document stand for. */
export type AliasTargets = ReadonlyMap<ParsedNode, ParsedNode>;

export interface YamlValue {
  value: Json;
  aliases: AliasTargets;
  findings: NodeFinding[];
}

/** The JSON value of a YAML document and what is wrong in it; beyond a limit nothing more is read. */
export function valueOf(root: ParsedNode | null): YamlValue {
  const reading: Reading = {
    findings: [],
    anchors: new Map(),
    aliases: new Map(),
    open: new Set(),
    values: 0,
    exhausted: false,
  };
  const value = readNode(reading, { node: root, path: [] });
  return { value, aliases: reading.aliases, findings: reading.findings };
}

interface Reading {
  findings: NodeFinding[];
  /** Nodes by anchor, as far as the text was read: an alias means the anchor before it. */
  anchors: Map<string, ParsedNode>;
  aliases: Map<ParsedNode, ParsedNode>;
  /** Collections being read: an alias to one of them would never end. */
  open: Set<ParsedNode>;
  values: number;
  /** A limit was reached: everything else reads as null. */
  exhausted: boolean;
}

/** A node and the way to it. */
interface At<N extends ParsedNode | null = ParsedNode | null> {
  node: N;
  path: readonly (string | number)[];
}

function readNode(reading: Reading, { node, path }: At): Json {
  if (isExhausted(reading, { node, path })) return null;
  if (isAlias(node)) return readAlias(reading, { node, path });
  if (node?.anchor !== undefined) reading.anchors.set(node.anchor, node);
  if (isScalar(node)) return readScalar(reading, { node, path });
  if (!isMap(node) && !isSeq(node)) return null;
  reading.open.add(node);
  const value = isMap(node)
    ? readMap(reading, { node, path })
    : node.items.map((item, index) => readNode(reading, { node: item, path: [...path, index] }));
  reading.open.delete(node);
  return value;
}

function isExhausted(reading: Reading, at: At): boolean {
  if (reading.exhausted) return true;
  const message = limitMessage(reading, at.path.length);
  if (message === null) return false;
  reading.exhausted = true;
  report(reading, { ...at, code: "K1006", message });
  return true;
}

function limitMessage(reading: Reading, depth: number): string | null {
  if (depth > limits.depth) return `nested deeper than ${limits.depth} levels`;
  if (reading.aliases.size > limits.aliases) return `more than ${limits.aliases} aliases`;
  return ++reading.values > limits.values ? `more than ${limits.values} values, aliases written out` : null;
}

function readAlias(reading: Reading, { node, path }: At<Alias.Parsed>): Json {
  const target = reading.anchors.get(node.source);
  if (target !== undefined && !reading.open.has(target)) {
    reading.aliases.set(node, target);
    return readNode(reading, { node: target, path });
  }
  const message =
    target === undefined
      ? `there is no anchor \`&${node.source}\` before this alias`
      : `the alias \`*${node.source}\` contains itself`;
  report(reading, { node, path, code: "K1001", message });
  return null;
}

function readMap(reading: Reading, { node, path }: At<YAMLMap.Parsed>): JsonObject {
  const value: JsonObject = {};
  for (const pair of node.items) {
    const key = readKey(reading, { node: pair.key, path });
    if (key === null) continue;
    const below = [...path, key];
    if (Object.hasOwn(value, key)) {
      const message = `\`${key}\` is there twice`;
      report(reading, { node: pair.key, path: below, code: "K1005", message, hint: "keep one of them" });
    } else {
      value[key] = readNode(reading, { node: pair.value, path: below });
    }
  }
  return value;
}

/** The text of a key, or null after reporting why it cannot be one. */
function readKey(reading: Reading, { node, path }: At): string | null {
  if (!isScalar(node) || node.value === null) {
    const hint = "put a value that begins with { in quotes";
    report(reading, { node, path, code: "K1003", message: "a key must be text", hint });
    return null;
  }
  const text = keyText(node);
  // Assigning it would change what every later lookup in the object answers.
  if (text === "__proto__")
    report(reading, { node, path, code: "K1007", message: "`__proto__` cannot be a key" });
  else if (!text.isWellFormed()) report(reading, { node, path, code: "K1001", message: halfCharacter });
  else return text;
  return null;
}

/** A key as it was written: a plain `1.10` is the key "1.10", not the number 1.1. */
export function keyText(scalar: Scalar): string {
  return typeof scalar.value === "string" ? scalar.value : (scalar.source ?? String(scalar.value));
}

/** Half of a surrogate pair, which no file can hold. */
const halfCharacter = "an escape that is half of a character";

function readScalar(reading: Reading, { node, path }: At<Scalar.Parsed>): Json {
  const { value } = node;
  if (typeof value === "boolean" || value === null) return value;
  if (typeof value === "string" && value.isWellFormed()) return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "string") report(reading, { node, path, code: "K1001", message: halfCharacter });
  else
    report(reading, { node, path, code: "K1003", message: `\`${keyText(node)}\` is not a number of JSON` });
  return null;
}

function report(reading: Reading, finding: At & Pick<Finding, "code" | "message" | "hint">): void {
  reading.findings.push({ ...finding, path: keyPath(finding.path) });
}
