import type { ComposeInput, Json, SourceFile } from "@keelson/model";

import { problemAt } from "./compose-document.ts";
import { maxPlainBytes } from "./dotenv-file.ts";
import { localPath, relativePath } from "./local-path.ts";
import type { Participant, PlainFile } from "./participant.ts";
import type { ExtendsReference, FileReference, IncludeReference } from "./references.ts";
import type { Walk } from "./walk.ts";

export interface Step<Reference extends FileReference = FileReference> {
  participant: Participant;
  /** Files that include this one, outermost first, and itself. */
  chain: readonly string[];
  reference: Reference;
}

export function report(
  walk: Walk,
  { participant, reference }: Step,
  finding: { message: string; code?: string; path?: readonly string[]; seeks?: string },
): [] {
  const { code, path } = reference;
  const hint = hintOf(reference, walk.input);
  walk.problems.push(problemAt(participant.document, { code, path, hint, ...finding }));
  return [];
}

function hintOf({ code }: FileReference, { reach }: ComposeInput): string {
  if (code === "K1407" && reach === "package")
    return "Name a Compose file in the package's own folder, without variables and without a .env beside it.";
  if (code === "K1407") return "Name a Compose file that is committed in this repository, without variables.";
  return reach === "package"
    ? "Name a file of the package, or one that package.yaml lists under files (by its to)."
    : "Name a file that is committed in this repository, or one that package.yaml lists under files (by its to).";
}

export function take(walk: Walk, step: Step, plain: PlainFile): [] {
  if (plain.bytes.length <= maxPlainBytes) walk.plainFiles.push(plain);
  else
    report(walk, step, {
      code: "K1418",
      message: `${plain.name} is larger than ${maxPlainBytes / 1024} KiB`,
    });
  return [];
}

export function findCompose(
  walk: Walk,
  { value, ...step }: Step<ExtendsReference | IncludeReference> & { value: Json },
): { source: SourceFile; path: string } | null {
  const local = localPath(value, { folder: step.participant.folder, reach: walk.input.reach });
  const source = walk.packageFiles.get(local.path ?? "");
  if (local.path !== null && source !== undefined && isPlain(source)) return { source, path: local.path };
  const message =
    local.refusal ?? (source === undefined ? missing(walk, local.path) : notPlain(nameOf(walk, local.path)));
  report(walk, step, { message });
  return null;
}

export function nameOf({ projectFolder }: Walk, path: string): string {
  return relativePath(path, projectFolder);
}

export function missing(walk: Walk, path: string): string {
  const { reach } = walk.input;
  return `${nameOf(walk, path)} is not a file of the ${reach}${reach === "repository" ? " at this commit" : ""}`;
}

export function isPlain(file: SourceFile): boolean {
  return file.mode === "100644" || file.mode === "100755";
}

/** A symbolic link could lead anywhere on the node. */
export function notPlain(path: string): string {
  return `${path} is a link, not a plain file`;
}
