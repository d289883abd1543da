import { type Problem, type SealedFile, type SealedValue, type SourceFile, isSealed } from "@keelson/model";
import { type ParsedNode, isMap, isScalar, isSeq } from "yaml";

import { type DocumentText, problemIn, readText } from "./text.ts";
import { parseYaml } from "./yaml-syntax.ts";

const hint = "Write it with keelson secrets, or with sops and age keys.";

/**
 * Reads a YAML or, by its name, dotenv file that SOPS or Keelson has encrypted, without opening anything. K1344 for what is
 * not in SOPS' format, or asks for keys of another kind. Never throws.
 */
export function readSealedFile(file: SourceFile): { sealed: SealedFile | null; problems: Problem[] } {
  const text = readText(file);
  if ("code" in text) return { sealed: null, problems: [text] };
  const problem = (message: string) => ({
    sealed: null,
    problems: [problemIn(text, { offset: 0, code: "K1344", message, hint })],
  });
  const format = /\.ya?ml$/.test(file.path) ? "yaml" : "dotenv";
  const read = format === "yaml" ? readYaml(text) : readDotenv(text);
  if ("problems" in read) return { sealed: null, problems: read.problems };
  const { values, metadata } = read;
  if (metadata.size === 0) return problem("the file is not encrypted: it has no key `sops`");
  const keys = keysOf(metadata);
  if (keys.length === 0) return problem("the file has no age recipient, and Keelson opens no other keys");
  if ([...metadata.keys()].some((key) => key.startsWith("key_groups")))
    return problem("the file needs keys of several groups, which Keelson does not open");
  const mac = metadata.get("mac") ?? "";
  const modifiedAt = metadata.get("lastmodified") ?? "";
  if (!isSealed(mac) || modifiedAt === "") return problem("the file has no checksum: `sops.mac` is missing");
  const countsSealedOnly = metadata.get("mac_only_encrypted")?.toLowerCase() === "true";
  const sealed: SealedFile = {
    path: file.path,
    values,
    keys,
    mac,
    modifiedAt,
    countsSealedOnly,
    format,
    instances: null,
  };
  return { sealed, problems: [] };
}

/** What SOPS keeps beside the values, by its keys with dots between; positions in lists count from 0. */
type Metadata = ReadonlyMap<string, string>;

function keysOf(metadata: Metadata): SealedFile["keys"] {
  const keys: SealedFile["keys"] = [];
  for (let at = 0; ; at++) {
    const recipient = metadata.get(`age.${at}.recipient`);
    const sealed = metadata.get(`age.${at}.enc`);
    if (recipient === undefined || sealed === undefined) return keys;
    keys.push({ recipient, sealed });
  }
}

type Read = { values: SealedValue[]; metadata: Metadata } | { problems: Problem[] };

function readYaml(text: DocumentText): Read {
  const { root, problems } = parseYaml(text);
  if (problems.length > 0) return { problems };
  const values: SealedValue[] = [];
  const metadata = new Map<string, string>();
  for (const { path, value, node } of scalarsOf(root, [])) {
    if (path[0] === "sops") metadata.set(path.slice(1).join("."), value);
    else {
      const keys = path.filter((key) => typeof key === "string");
      values.push({ path: keys, text: value, line: text.positionAt(node.range?.[0] ?? 0).line });
    }
  }
  return { values, metadata };
}

interface ReadScalar {
  path: readonly (string | number)[];
  value: string;
  node: ParsedNode;
}

/** As SOPS writes values before it encrypts or counts them; what is null is none. */
function* scalarsOf(node: ParsedNode | null, path: readonly (string | number)[]): Generator<ReadScalar> {
  if (isMap<ParsedNode, ParsedNode | null>(node)) {
    for (const { key, value } of node.items) yield* scalarsOf(value, [...path, String(key)]);
  } else if (isSeq<ParsedNode>(node)) {
    for (const [index, item] of node.items.entries()) yield* scalarsOf(item, [...path, index]);
  } else if (isScalar(node)) {
    const value = textOf(node.value);
    if (value !== null) yield { path, value, node };
  }
}

function textOf(value: unknown): string | null {
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

/** Lines `KEY=value`, in which `\n` stands for a line break and nothing is quoted (SOPS, stores/dotenv). */
function readDotenv(text: DocumentText): Read {
  const values: SealedValue[] = [];
  const metadata = new Map<string, string>();
  for (const [index, line] of text.text.split("\n").entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const at = line.indexOf("=");
    if (at === -1) {
      const message = "a line that is neither KEY=value nor a comment";
      return {
        problems: [{ ...problemIn(text, { offset: 0, code: "K1344", message, hint }), line: index + 1 }],
      };
    }
    const [key, value] = [line.slice(0, at), line.slice(at + 1).replaceAll("\\n", "\n")];
    if (key.startsWith("sops_")) metadata.set(metadataKey(key), value);
    else values.push({ path: [key], text: value, line: index + 1 });
  }
  return { values, metadata };
}

/** `sops_age__list_0__map_enc` is `age.0.enc`. */
function metadataKey(flat: string): string {
  return flat.slice("sops_".length).replace(/__(?:list|map)_/g, ".");
}
