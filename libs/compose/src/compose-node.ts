import type { Json } from "@keelson/model";

/** A value of a Compose file with its place in the text; aliases and merge keys are already evaluated. */
export interface ComposeNode {
  value: Json;
  /** Offset of the key that names it, or of the list entry itself. */
  offset: number;
  tag: "!reset" | "!override" | null;
  kind: "map" | "list" | "scalar";
  /** By key, or by index written as text; empty for a scalar. */
  children: ReadonlyMap<string, ComposeNode>;
  /** For a scalar that must keep its spelling (`0440` is octal for Compose), its text; otherwise null. */
  literal: string | null;
}

/** A mapping or list with other entries. */
export function withChildren(node: ComposeNode, entries: Iterable<[string, ComposeNode]>): ComposeNode {
  const children = new Map(entries);
  const values = [...children].map(([key, child]): [string, Json] => [key, child.value]);
  // fromEntries, because assigning a key named __proto__ would set the prototype
  const value = node.kind === "list" ? values.map(([, each]) => each) : Object.fromEntries(values);
  return { ...node, children, value };
}

/** Compose's YAML of a node: JSON, with the tags of an override. What is judged is exactly what Compose reads. */
export function writeNode(node: ComposeNode): string {
  const tag = node.tag === null ? "" : `${node.tag} `;
  return tag + writeContent(node);
}

function writeContent(node: ComposeNode): string {
  if (node.kind === "map") {
    const entries = [...node.children].map(([key, child]) => `${quote(key)}: ${writeNode(child)}`);
    return `{${entries.join(", ")}}`;
  }
  if (node.kind === "list") return `[${[...node.children.values()].map(writeNode).join(", ")}]`;
  return node.literal ?? (typeof node.value === "string" ? quote(node.value) : JSON.stringify(node.value));
}

/** YAML 1.1 readers break lines at more characters than JSON does, so all but printable ASCII is escaped. */
function quote(text: string): string {
  const escaped = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === '"' || character === "\\") return `\\${character}`;
    if (code >= 0x20 && code < 0x7f) return character;
    return code > 0xffff
      ? `\\U${code.toString(16).padStart(8, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return `"${escaped.join("")}"`;
}

/** The node at a path, or the deepest one above it that exists, with how many keys of the path it covers. */
export function nearestNode(
  root: ComposeNode,
  path: readonly string[],
): { node: ComposeNode; depth: number } {
  let node = root;
  let depth = 0;
  for (const key of path) {
    const child = node.children.get(key);
    if (child === undefined) break;
    node = child;
    depth++;
  }
  return { node, depth };
}

/** Every scalar of a tree that holds a string, with its path. */
export function* stringsOf(
  node: ComposeNode,
  path: readonly string[] = [],
): Generator<{ text: string; path: readonly string[] }> {
  if (typeof node.value === "string") yield { text: node.value, path };
  for (const [key, child] of node.children) yield* stringsOf(child, [...path, key]);
}
