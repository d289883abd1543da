import { createHash } from "node:crypto";
import { join } from "node:path";

import {
  type StagedNeeds,
  KeelsonError,
  canonicalText,
  compareText,
  isJsonObject,
  mapValues,
  stalled,
} from "@keelson/model";
import type { Tree } from "@keelson/nar";

import { readDocument, writeDocument } from "./document.ts";
import { type Folder, removeFile } from "./folder.ts";

/**
 * What stands beside an entry, as `<entry>.json`. It is written last, so it says that the entry is whole, and it tells later
 * which path is not what it was.
 */
export interface StagedNote {
  /** As `nix hash path` prints it. */
  digest: string;
  stagedAt: string;
  sizeBytes: number;
  /** By path: what it is, and the digest of a file or the target of a link. */
  paths: Record<string, string>;
  /** When a check found that the entry is not what it was; absent while none did. */
  changedAt?: string;
}

const noteOf = (entry: string) => `${entry}.json`;

/** Null for an entry without a note, and for a note that cannot be understood: then nothing says that the entry is whole. */
export function readNote(store: Folder, entry: string): StagedNote | null {
  return parseNote(readDocument(store, noteOf(entry)));
}

export function writeNote(store: Folder, { entry, note }: { entry: string; note: StagedNote }): void {
  writeDocument(store, { name: noteOf(entry), text: `${canonicalText({ ...note })}\n` });
}

export function removeNote(store: Folder, entry: string): void {
  removeFile(store, noteOf(entry));
}

function parseNote(text: string | null): StagedNote | null {
  const value = parse(text);
  if (!isJsonObject(value)) return null;
  const { digest, stagedAt, sizeBytes, paths, changedAt } = value;
  if (typeof digest !== "string" || typeof stagedAt !== "string" || typeof sizeBytes !== "number")
    return null;
  if (!isJsonObject(paths)) return null;
  const note = { digest, stagedAt, sizeBytes, paths: mapValues(paths, String) };
  return typeof changedAt === "string" ? { ...note, changedAt } : note;
}

function parse(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    // Nothing in the parser's words helps: a note that cannot be read counts as none.
    return null;
  }
}

/** What each path of a tree is, and how large its files are together. Reads all of it. */
export async function describeTree(tree: Tree): Promise<Pick<StagedNote, "paths" | "sizeBytes">> {
  const paths: Record<string, string> = {};
  const names: string[] = [];
  let sizeBytes = 0;
  for await (const node of tree) {
    if (node.depth === 0) continue;
    names.splice(node.depth - 1, Infinity, Buffer.from(node.name).toString());
    const path = names.join("/");
    if (node.kind === "file") {
      const hash = createHash("sha256");
      for await (const chunk of node.chunks) hash.update(chunk);
      sizeBytes += node.sizeBytes;
      paths[path] = `${node.isExecutable ? "executable" : "file"} ${hash.digest("hex")}`;
    } else
      paths[path] = node.kind === "link" ? `link ${Buffer.from(node.target).toString("hex")}` : node.kind;
  }
  return { paths, sizeBytes };
}

/** The paths at which a tree is not what a note says, sorted. */
export function findDiffering(noted: StagedNote["paths"], found: StagedNote["paths"]): string[] {
  const all = new Set([...Object.keys(noted), ...Object.keys(found)]);
  return [...all].filter((path) => noted[path] !== found[path]).sort(compareText);
}

const needsName = "needed.json";

/** What the store must keep, as the last round said; null when none did. Throws K4028 when it is damaged. */
export function readNeeds(store: Folder): StagedNeeds | null {
  const text = readDocument(store, needsName);
  if (text === null) return null;
  const value = parse(text);
  if (isJsonObject(value) && isNames(value["desired"]) && isNames(value["lastGood"]))
    return { desired: value["desired"], lastGood: value["lastGood"] };
  throw new KeelsonError({
    code: "K4028",
    message: `${join(store.path, needsName)} is damaged`,
    // Not treated as empty: what the node still needs would be removed.
    hint: "Remove it. The next round writes it anew, and nothing is removed from the store before that.",
    outcome: stalled,
  });
}

export function writeNeeds(store: Folder, needs: StagedNeeds): void {
  writeDocument(store, { name: needsName, text: `${canonicalText({ ...needs })}\n` });
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
