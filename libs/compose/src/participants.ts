import type { ComposeInput, Problem, SourceFile } from "@keelson/model";

import { type ComposeDocument, type Finding, problemAt, readComposeDocument } from "./compose-document.ts";
import { folderOf, foldersAbove, joinPath, localPath } from "./local-path.ts";
import { type FileReference, referencesOf } from "./references.ts";

const maxFiles = 32;
const maxIncludeDepth = 8;
const maxTotalBytes = 512 * 1024;
const maxPlainBytes = 1024 * 1024;

/** A Compose file that takes part. Paths are relative to the project's folder, which is that of the Compose file. */
export interface Participant {
  document: ComposeDocument;
  /** Null for the environment's override, which lies outside of the package. */
  path: string | null;
  /** Where its relative paths start. */
  folder: string;
  /** A `base` file is only read for the services that others extend. */
  role: "project" | "included" | "base";
}

/** A file that Compose reads into the model: `env_file` or `label_file`. */
export interface PlainFile {
  kind: "env_file" | "label_file";
  path: string;
  bytes: Uint8Array;
  /** Read line by line, without quotes and variables. */
  raw: boolean;
  /** Path in the repository; null for a rendered file. */
  file: string | null;
  namedBy: { document: ComposeDocument; path: readonly string[] };
}

export interface Participants {
  composeFiles: Participant[];
  plainFiles: PlainFile[];
  problems: Problem[];
}

interface Walk extends Participants {
  input: ComposeInput;
  /** Files of the package by path relative to the project's folder. */
  packageFiles: ReadonlyMap<string, SourceFile>;
  documents: Map<string, ComposeDocument | null>;
  seen: Set<string>;
  bytesLeft: number;
}

/**
 * Every file that Compose would read, found by following local `include`, `extends`, `env_file` and `label_file`.
 * Anything else that they name is a problem (K1407, K1408), and is never read from the disk.
 */
export function findParticipants(input: ComposeInput): Participants {
  const main = localPath(input.composeFiles[0], "");
  const projectFolder = joinPath(input.folder, folderOf(main.path ?? ""));
  const packageFiles = new Map(
    input.packageFiles
      .filter(({ path }) => path.startsWith(`${projectFolder}/`))
      .map((file) => [file.path.slice(projectFolder.length + 1), file]),
  );
  const walk: Walk = {
    input,
    packageFiles,
    composeFiles: [],
    plainFiles: [],
    problems: [],
    documents: new Map(),
    seen: new Set(),
    bytesLeft: maxTotalBytes,
  };
  const path = (main.path ?? "").slice(folderOf(main.path ?? "").length).replace("/", "");
  const source = packageFiles.get(path);
  if (source === undefined || !isPlain(source)) {
    const message = main.refusal ?? (source === undefined ? "the Compose file is not there" : notPlain(path));
    const hint = "Name the package's Compose file under compose in package.yaml.";
    walk.problems.push(
      wholeFile(joinPath(input.folder, input.composeFiles[0]), { code: "K1416", message, hint }),
    );
  } else {
    visit(walk, { source, path, folder: "", role: "project", chain: [] });
  }
  if (input.override !== null) {
    visit(walk, { source: input.override, path: null, folder: "", role: "project", chain: [] });
  }
  const { composeFiles, plainFiles } = walk;
  return { composeFiles, plainFiles, problems: [...walk.problems, ...findClashes(walk)] };
}

/** A rendered file and a folder of the package may have the same path; they cannot lie beside each other. */
function findClashes({ composeFiles, plainFiles }: Pick<Walk, "composeFiles" | "plainFiles">): Problem[] {
  const paths = [...composeFiles, ...plainFiles].flatMap(({ path }) => path ?? []);
  const files = new Set(paths);
  const folders = new Set(paths.flatMap((path) => foldersAbove(path)));
  return plainFiles.flatMap(({ path, namedBy }) => {
    if (!folders.has(path) && !foldersAbove(path).some((folder) => files.has(folder))) return [];
    const message = `${path} cannot lie beside the package's files: one of them is a folder of the other`;
    const hint = "Render it to another path.";
    return [problemAt(namedBy.document, { code: "K1408", path: namedBy.path, message, hint })];
  });
}

interface VisitedFile extends Omit<Participant, "document"> {
  source: SourceFile;
  /** Files that include this one, outermost first. */
  chain: readonly string[];
}

function visit(walk: Walk, visited: VisitedFile): void {
  const key = JSON.stringify([visited.path, visited.folder, visited.role]);
  if (walk.seen.has(key)) return;
  walk.seen.add(key);
  const document = readOnce(walk, visited);
  if (document === null) return;
  const participant: Participant = {
    document,
    path: visited.path,
    folder: visited.folder,
    role: visited.role,
  };
  walk.composeFiles.push(participant);
  const chain = visited.path === null ? visited.chain : [...visited.chain, visited.path];
  for (const reference of referencesOf(document.root.value)) {
    follow(walk, { participant, chain, reference });
  }
}

/** A file that takes part in several ways is read once, and its problems are given once. */
function readOnce(walk: Walk, { source, path }: VisitedFile): ComposeDocument | null {
  const known = walk.documents.get(source.path);
  if (known !== undefined) return known;
  walk.bytesLeft -= source.bytes.length;
  if (walk.documents.size >= maxFiles || walk.bytesLeft < 0) {
    const message = `the Compose files together exceed ${maxFiles} files or ${maxTotalBytes / 1024} KiB`;
    walk.problems.push(wholeFile(source.path, { code: "K1418", message, hint: "Split the package." }));
    walk.documents.set(source.path, null);
    return null;
  }
  const { document, problems } = readComposeDocument(source, { overrideTags: path === null });
  walk.problems.push(...problems);
  walk.documents.set(source.path, document);
  return document;
}

interface Step {
  participant: Participant;
  chain: readonly string[];
  reference: FileReference;
}

function follow(walk: Walk, { participant, chain, reference }: Step): void {
  const report = (message: string, code = reference.code) => {
    const finding: Finding = { code, path: reference.path, message, hint: reference.hint };
    walk.problems.push(problemAt(participant.document, finding));
  };
  if (reference.kind === "refused") return report(reference.message);
  const local = localPath(reference.value, participant.folder);
  if (local.refusal !== null) return report(local.refusal);
  const rendered = walk.input.renderedFiles.get(local.path);
  const source = walk.packageFiles.get(local.path);
  if (isPlainReference(reference)) {
    if (rendered === undefined && source === undefined) {
      if (!reference.optional) report(`${local.path} is neither a file of the package nor rendered`);
      return;
    }
    if (rendered === undefined && source !== undefined && !isPlain(source)) {
      return report(notPlain(local.path));
    }
    const bytes = rendered ?? source?.bytes ?? new Uint8Array();
    if (bytes.length > maxPlainBytes) {
      return report(`${local.path} is larger than ${maxPlainBytes / 1024} KiB`, "K1418");
    }
    const namedBy = { document: participant.document, path: reference.path };
    walk.plainFiles.push({
      kind: reference.kind,
      path: local.path,
      raw: reference.raw,
      bytes,
      file: rendered === undefined ? (source?.path ?? null) : null,
      namedBy,
    });
    return;
  }
  if (source === undefined) return report(`${local.path} is not a file of the package`);
  if (!isPlain(source)) return report(notPlain(local.path));
  if (reference.kind === "extends") {
    // Cycles between services are found in `extends-chain`; two files may well extend services of each other.
    visit(walk, { source, path: local.path, folder: folderOf(local.path), role: "base", chain: [] });
    return;
  }
  if (chain.includes(local.path)) return report(`${local.path} includes itself`);
  if (chain.length > maxIncludeDepth)
    return report(`includes go deeper than ${maxIncludeDepth} files`, "K1418");
  // Compose takes the first file's folder as the project folder of all files of one include.
  const first = localPath(reference.first, participant.folder);
  const folder = folderOf(first.path ?? local.path);
  const dotenv = joinPath(folder, ".env");
  if (walk.packageFiles.has(dotenv) || walk.input.boundPaths.includes(dotenv)) {
    return report(`Compose would read ${dotenv} beside it, which nothing names`);
  }
  visit(walk, { source, path: local.path, folder, role: "included", chain });
}

function isPlainReference(
  reference: FileReference,
): reference is Extract<FileReference, { optional: boolean }> {
  return "optional" in reference;
}

function isPlain(file: SourceFile): boolean {
  return file.mode === "100644" || file.mode === "100755";
}

/** A symbolic link could lead anywhere on the node. */
function notPlain(path: string): string {
  return `${path} is a link, not a plain file`;
}

function wholeFile(file: string, finding: Pick<Problem, "code" | "message"> & { hint: string }): Problem {
  return { ...finding, file, line: 1, column: 1, path: "" };
}
