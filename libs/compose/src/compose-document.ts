import type { Problem, SourceFile } from "@keelson/model";
import { type CollectionTag, LineCounter, type ScalarTag, YAMLMap, YAMLSeq, parseAllDocuments } from "yaml";

import { decodeUtf8 } from "@keelson/model";

import { type ComposeNode, nearestNode } from "./compose-node.ts";
import { withoutDeveloperKeys } from "./developer-key.ts";
import { evaluateDocuments } from "./node-evaluation.ts";
import { Unreadable } from "./scalar-node.ts";

/** Parsing takes about a second for each 128 KiB of the worst text; real Compose files are a tenth of this. */
export const maxFileBytes = 128 * 1024;
const maxErrors = 10;
const maxDocuments = 32;

/** A YAML document of a Compose file, evaluated, with a way back to its lines. Most files have one. */
export interface ComposeDocument {
  /** Path in the repository. */
  file: string;
  /** Which one of its file it is, from 0: Compose merges each over those before it. */
  position: number;
  sizeBytes: number;
  /** Without what is only for a developer's machine. */
  root: ComposeNode;
  /** Names of the services that have a build. */
  built: ReadonlySet<string>;
  /** Where a key stands, or the nearest key above it. */
  placeOf: (path: readonly string[]) => Place;
}

export type Place = Pick<Problem, "file" | "line" | "column" | "path"> & { sourceLine: string };

/** What is wrong somewhere, before its place in a file is known. */
export interface Finding {
  code: string;
  path: readonly string[];
  message: string;
  hint: string;
  /** The path in the repository of a file that is not there, and might solve it. */
  seeks?: string;
}

/** The documents of a file, or the problems that make it unreadable (K1416 malformed, K1418 over a limit). */
export function readComposeDocument(
  source: SourceFile,
  options: { overrideTags: boolean },
): { documents: ComposeDocument[] | null; problems: Problem[] } {
  if (source.bytes.length > maxFileBytes) {
    return refuse(source.path, {
      code: "K1418",
      message: `the file is larger than ${maxFileBytes / 1024} KiB`,
    });
  }
  const text = decodeUtf8(source.bytes);
  if (text === null) return refuse(source.path, { code: "K1416", message: "the file is not UTF-8 text" });
  return parse(source.path, { text, overrideTags: options.overrideTags });
}

type Reading = ReturnType<typeof readComposeDocument>;

function parse(file: string, { text, overrideTags }: { text: string; overrideTags: boolean }): Reading {
  const lineCounter = new LineCounter();
  // prettyErrors makes the cost of many errors quadratic; duplicate keys are found when keys are evaluated.
  const parsed = parseAllDocuments(text, {
    lineCounter,
    prettyErrors: false,
    uniqueKeys: false,
    customTags: overrideTagsOfCompose,
  });
  const placeAt = placesOf({ file, text, lineCounter });
  const unreadable = (at: { offset: number; message: string; code?: string }): Problem => ({
    code: at.code ?? "K1416",
    ...placeAt(at.offset, []),
    message: at.message,
    hint: at.code === "K1418" ? limitHint : malformedHint,
  });
  const noMapping = { offset: 0, message: "a Compose file must be a mapping" };
  if ("empty" in parsed) return { documents: null, problems: [unreadable(noMapping)] };
  const errors: { offset: number; message: string; code?: string }[] = parsed
    .flatMap((yaml) => yaml.errors)
    .slice(0, maxErrors)
    .map((error) => ({ offset: error.pos[0], message: `malformed YAML: ${error.message}` }));
  if (parsed.some((yaml) => yaml.directives.yaml.explicit === true))
    errors.push({ offset: 0, message: "a %YAML directive is not permitted" });
  if (parsed.length > maxDocuments)
    errors.push({
      offset: 0,
      code: "K1418",
      message: `more than ${maxDocuments} YAML documents in one file`,
    });
  if (errors.length > 0) return { documents: null, problems: errors.map(unreadable) };
  try {
    const roots = evaluateDocuments(parsed, { overrideTags });
    const odd = roots.find((root) => root.kind !== "map");
    if (odd !== undefined) {
      const found = roots.length === 1 ? noMapping : { offset: odd.offset, message: everyDocument };
      return { documents: null, problems: [unreadable(found)] };
    }
    const sizeBytes = Buffer.byteLength(text);
    const documents = roots.map((root, position) => {
      const placeOf = (path: readonly string[]) => placeAt(nearestNode(root, path).node.offset, path);
      return { file, position, sizeBytes, ...withoutDeveloperKeys(root), placeOf };
    });
    return { documents, problems: [] };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { documents: null, problems: [unreadable(error)] };
  }
}

/** The problem that a finding is, at its place in the document. */
export function problemAt(document: ComposeDocument, finding: Finding): Problem {
  const { path, ...said } = finding;
  return { ...said, ...document.placeOf(path) };
}

function placesOf(input: { file: string; text: string; lineCounter: LineCounter }) {
  const lines = input.text.split("\n");
  return (offset: number, path: readonly string[]): Place => {
    const { line, col } = input.lineCounter.linePos(offset);
    const sourceLine = (lines[Math.max(line, 1) - 1] ?? "").replace(/\r$/, "");
    return {
      file: input.file,
      line: Math.max(line, 1),
      column: Math.max(col, 1),
      path: path.join("."),
      sourceLine,
    };
  };
}

const everyDocument =
  "every YAML document of a Compose file must be a mapping, also what follows the last ---";
const malformedHint = "Write plain YAML 1.2: mappings, no directives, keys that are text and stand once.";
const limitHint = "Split the package, or write out what the aliases repeat.";

function refuse(file: string, { code, message }: { code: "K1416" | "K1418"; message: string }): Reading {
  const hint = code === "K1418" ? limitHint : malformedHint;
  return { documents: null, problems: [{ code, file, line: 1, column: 1, path: "", message, hint }] };
}

/** Known to the parser, so that it says nothing of them; `node-evaluation` decides where they may stand. */
const overrideTagsOfCompose = ["!reset", "!override"].flatMap((tag): (ScalarTag | CollectionTag)[] => [
  { tag, resolve: (source) => source },
  { tag, collection: "map", nodeClass: YAMLMap },
  { tag, collection: "seq", nodeClass: YAMLSeq },
]);
