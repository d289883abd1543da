import {
  type Located,
  NodeDocument,
  type Problem,
  type SourceFile,
  decodeText,
  keyPath,
  mostRenewals,
  problemAt,
  ownOf,
} from "@keelson/model";
import { type Document, isMap, parseDocument } from "yaml";

import { readDocument } from "./document-check.ts";
import { replaceScalar } from "./replaced-scalar.ts";

/** The text of a node's file with one counter raised, and the count that it has now. */
export interface Renewal {
  text: string;
  count: number;
}

/**
 * Raises `commands.<instance>.renew` of a node's file by one. What else stands there stays: a count that is there is
 * replaced in its place, and around one that is new the comments are kept. Null with the problems of a file that is none.
 */
export function raiseRenewal(
  file: SourceFile,
  instance: string,
): { renewal: Renewal | null; problems: Problem[] } {
  const { value, problems } = readDocument(file, NodeDocument);
  if (value === null || problems.length > 0) return { renewal: null, problems };
  const { commands } = value.value;
  const before = Object.hasOwn(commands, instance) ? (commands[instance]?.renew ?? 0) : 0;
  const count = before + 1;
  if (count > mostRenewals) return { renewal: null, problems: [atItsEnd(value, instance)] };
  const text = decodeText(file.bytes);
  const added = `${text}${text.endsWith("\n") ? "" : "\n"}commands:\n  ${instance}: { renew: ${count} }\n`;
  const isFit = Object.keys(commands).length === 0 && countIn({ ...file, text: added }, instance) === count;
  return { renewal: { count, text: isFit ? added : withCount(text, { instance, count }) }, problems: [] };
}

function atItsEnd(document: Located<NodeDocument>, instance: string): Problem {
  return problemAt(document, {
    code: "K1439",
    path: keyPath(["commands", instance, "renew"]),
    message: `commands.${instance}.renew is ${mostRenewals}, and counts no further`,
    hint: "Set it to 0 and commit that. Once the node has followed that commit, raise it again.",
  });
}

/** At the end of most files nothing else has to be touched. Null where that makes no document. */
function countIn({ text, ...file }: SourceFile & { text: string }, instance: string): number | null {
  const { value, problems } = readDocument({ ...file, bytes: new TextEncoder().encode(text) }, NodeDocument);
  return value === null || problems.length > 0
    ? null
    : (ownOf(value.value.commands, instance)?.renew ?? null);
}

function withCount(text: string, { instance, count }: { instance: string; count: number }): string {
  const replaced = replaceScalar(text, { path: ["commands", instance, "renew"], value: String(count) });
  if (replaced !== null) return replaced;
  const document = parseDocument(text);
  addCount(document, { instance, count });
  return document.toString({ lineWidth: 0 });
}

function addCount(document: Document, { instance, count }: { instance: string; count: number }): void {
  const own = document.getIn(["commands", instance], true);
  if (isMap(own)) {
    own.set("renew", count);
    return;
  }
  const command = document.createNode({ renew: count }, { flow: true });
  const commands = document.get("commands", true);
  if (isMap(commands)) commands.set(instance, command);
  else document.set("commands", document.createNode({ [instance]: command }));
}
