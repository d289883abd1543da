import type { ComposeInput, Problem } from "@keelson/model";

import { type ComposeDocument, readComposeDocument } from "./compose-document.ts";
import { withFilledReferences } from "./filled-reference.ts";
import { joinPath } from "./local-path.ts";
import { follow } from "./named-file.ts";
import type { Participant } from "./participant.ts";
import { referencesOf } from "./references.ts";
import type { VisitedFile, Walk } from "./walk.ts";

const maxFiles = 32;
const maxTotalBytes = 512 * 1024;

export function newWalk(
  input: ComposeInput,
  { projectFolder, written }: Pick<Walk, "projectFolder" | "written">,
): Walk {
  const named =
    input.reach === "repository"
      ? input.packageFiles
      : input.packageFiles.filter(({ path }) => path.startsWith(`${projectFolder}/`));
  return {
    input,
    projectFolder,
    composeFiles: [],
    plainFiles: [],
    problems: [],
    packageFiles: new Map(named.map((file) => [file.path, file])),
    renderedFiles: new Map(
      [...input.renderedFiles].map(([to, bytes]) => [joinPath(projectFolder, to), bytes]),
    ),
    boundPaths: new Set(input.boundPaths.map((to) => joinPath(projectFolder, to))),
    documents: new Map(),
    written,
    seen: new Map(),
    bytesLeft: maxTotalBytes,
  };
}

/** Takes the file, and all that it names. */
export function visit(walk: Walk, { source, chain, ...visited }: VisitedFile): void {
  const { path, folder, role, variables } = visited;
  const seen = walk.seen.get(variables) ?? new Set();
  walk.seen.set(variables, seen);
  const key = JSON.stringify([path, folder, role]);
  if (seen.has(key)) return;
  seen.add(key);
  const documents = readOnce(walk, { source, path });
  if (role === "base" && documents.length > 1) {
    const message = "the file has more than one YAML document, and services of it are extended";
    walk.problems.push(
      wholeFile(source.path, { code: "K1416", message, hint: "Make one document of them." }),
    );
    return;
  }
  const { written } = walk;
  const isWhole = walk.input.reach === "package";
  const longer = path === null ? chain : [...chain, path];
  for (const read of documents) {
    const root = isWhole ? read.root : withFilledReferences(read.root, { written, variables });
    const document = { ...read, root };
    const participant: Participant = { ...visited, document };
    walk.composeFiles.push(participant);
    for (const reference of referencesOf(document.root.value)) {
      for (const named of follow(walk, { participant, chain: longer, reference })) visit(walk, named);
    }
  }
}

/** A file that takes part in several ways is read once, and its problems are given once. None where it cannot be read. */
function readOnce(
  walk: Walk,
  { source, path }: Pick<VisitedFile, "source" | "path">,
): readonly ComposeDocument[] {
  const known = walk.documents.get(source.path);
  if (known !== undefined) return known;
  walk.bytesLeft -= source.bytes.length;
  if (walk.documents.size >= maxFiles || walk.bytesLeft < 0) {
    const message = `the Compose files together exceed ${maxFiles} files or ${maxTotalBytes / 1024} KiB`;
    walk.problems.push(wholeFile(source.path, { code: "K1418", message, hint: "Split the package." }));
    walk.documents.set(source.path, []);
    return [];
  }
  const overrideTags = path === null || walk.input.reach === "repository";
  const { documents, problems } = readComposeDocument(source, { overrideTags });
  walk.problems.push(...problems);
  walk.documents.set(source.path, documents ?? []);
  return documents ?? [];
}

export function wholeFile(
  file: string,
  finding: Pick<Problem, "code" | "message"> & { hint: string },
): Problem {
  return { ...finding, file, line: 1, column: 1, path: "" };
}
