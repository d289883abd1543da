import type { Json } from "@keelson/model";
import { isScalar, parseDocument, Scalar } from "yaml";

import type { ComposeNode } from "./compose-node.ts";

/** A place in the text that the gate cannot accept, with the offset where it is. */
export class Unreadable extends Error {
  readonly code: "K1416" | "K1418";
  readonly offset: number;

  constructor(code: "K1416" | "K1418", at: { offset: number; message: string }) {
    super(at.message);
    this.code = code;
    this.offset = at.offset;
  }
}

/** The node of a scalar; null for a key without a value. */
export function scalarNode(input: {
  scalar: Scalar | null;
  offset: number;
  tag: ComposeNode["tag"];
}): ComposeNode {
  const { scalar, offset, tag } = input;
  // Under a tag of its own the library leaves every scalar a string; Compose reads it as if the tag were not there.
  const untagged = tag !== null && scalar?.type === Scalar.PLAIN;
  const value = jsonOf(untagged ? parseDocument(scalar.source ?? "").contents : scalar);
  if (typeof value === "string" && !value.isWellFormed()) {
    throw new Unreadable("K1416", { offset, message: "half of a surrogate pair is not text" });
  }
  return {
    kind: "scalar",
    value,
    offset,
    children: new Map(),
    tag,
    literal: literalOf(scalar),
  };
}

function jsonOf(node: unknown): Json {
  const value = isScalar(node) ? node.value : null;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

/**
 * Plain scalars that YAML 1.1 readers such as Compose's may take for a number, or that are one: their spelling is
 * kept, because 0440 is an octal number there and 440 here.
 */
function literalOf(scalar: Scalar | null): string | null {
  const source = scalar?.source;
  if (
    scalar === null ||
    source === undefined ||
    scalar.type !== Scalar.PLAIN ||
    scalar.tag === "tag:yaml.org,2002:str"
  ) {
    return null;
  }
  return /^[-+.]*\d[\w.+-]*$|^[-+]?\.(inf|nan)$/i.test(source) ? source : null;
}
