import { randomBytes } from "node:crypto";

import { InvariantError, isSealed } from "@keelson/model";
import { type Document, type Scalar, isMap, isScalar, isSeq, parseDocument, visit } from "yaml";

import { checksumOf } from "./sops-file.ts";
import { type SealInput, isToBeSealed, metadataOf } from "./sops-metadata.ts";
import { boundPath, openValue, sealValue } from "./sops-value.ts";

/** A YAML document in clear, and what its values were encrypted as: what does not change is not encrypted anew. */
export interface ClearDocument {
  document: Document;
  dataKey: Uint8Array;
  sealed: ReadonlyMap<string, string>;
}

/** A document that was never encrypted, with a data key of its own. Its comments are left out: they could hold a secret. */
export function newDocument(text: string): ClearDocument {
  const document: Document = parseDocument(text);
  visit(document, {
    Node: (_key, node) => {
      node.comment = null;
      node.commentBefore = null;
    },
  });
  document.comment = null;
  document.commentBefore = null;
  return { document, dataKey: randomBytes(32), sealed: new Map() };
}

/** Opens the text of a file whose data key is known. */
export function openDocument(text: string, dataKey: Uint8Array): ClearDocument {
  const document: Document = parseDocument(text);
  const sealed = new Map<string, string>();
  for (const { scalar, path } of scalarsOf(document)) {
    const written = scalar.value;
    if (typeof written !== "string" || !isSealed(written)) continue;
    const clear = openValue(written, { dataKey, boundTo: boundPath(path) })?.toString("utf8") ?? "";
    sealed.set(placeOf(path, clear), written);
    scalar.value = clear;
  }
  return { document, dataKey, sealed };
}

export function setValue(
  { document }: ClearDocument,
  value: { path: readonly string[]; text: string },
): void {
  document.setIn(value.path, document.createNode(value.text));
}

/** The document with its values encrypted, as SOPS writes it. */
export async function sealDocument(
  { document, dataKey, sealed }: ClearDocument,
  input: SealInput,
): Promise<string> {
  const values = [];
  for (const { scalar, path } of scalarsOf(document)) {
    const text = textOf(scalar.value);
    const wasSealed = isToBeSealed(path, input);
    values.push({ text, wasSealed });
    if (!wasSealed) continue;
    scalar.value = sealed.get(placeOf(path, text)) ?? sealValue(text, { dataKey, boundTo: boundPath(path) });
    scalar.type = text === "" ? "QUOTE_DOUBLE" : "PLAIN";
  }
  const checksum = checksumOf(values, { countsSealedOnly: false });
  document.delete("sops");
  document.set("sops", document.createNode(await metadataOf(input, { dataKey, checksum })));
  return document.toString({ lineWidth: 0 });
}

/** The values of a document but for what SOPS keeps there, in the order in which the checksum counts them. */
function* scalarsOf(document: Document): Generator<{ scalar: Scalar; path: string[] }> {
  yield* scalarsIn(document.contents, []);
}

function* scalarsIn(node: unknown, path: readonly string[]): Generator<{ scalar: Scalar; path: string[] }> {
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      if (path.length > 0 || String(key) !== "sops") yield* scalarsIn(value, [...path, String(key)]);
    }
  } else if (isSeq(node)) {
    for (const item of node.items) yield* scalarsIn(item, path);
  } else if (isScalar(node)) {
    if (node.value !== null) yield { scalar: node, path: [...path] };
  } else if (node !== null) {
    // What is not seen here would be written in clear.
    throw new InvariantError(`${path.join(".")} of a document to be encrypted is no value`);
  }
}

function textOf(value: unknown): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function placeOf(path: readonly string[], text: string): string {
  return JSON.stringify([path, text]);
}
