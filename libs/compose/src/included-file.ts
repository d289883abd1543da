import { decodeText, withDotenv } from "@keelson/model";

import { maxPlainBytes } from "./dotenv-file.ts";
import { folderOf, joinPath, localFolder, localPath } from "./local-path.ts";
import type { Participant } from "./participant.ts";
import {
  type Step,
  findCompose,
  isPlain,
  missing,
  nameOf,
  notPlain,
  report,
  take,
} from "./reference-step.ts";
import type { IncludeReference } from "./references.ts";
import type { VisitedFile, Walk } from "./walk.ts";

const maxIncludeDepth = 8;

/** The Compose file of an include, with what it may interpolate; none where it is refused. */
export function followInclude(walk: Walk, step: Step<IncludeReference>): VisitedFile[] {
  const { participant, chain, reference } = step;
  const { reach } = walk.input;
  const { other } = reference;
  if (other !== null && reach === "package") {
    const message = `${other.key} of an include reads files or moves paths; only path is permitted`;
    return report(walk, step, { message, path: other.path });
  }
  if (other !== null && participant.role === "base") {
    const message = `${other.key} of an include is not permitted in a file whose services are extended`;
    return report(walk, step, { message, path: other.path });
  }
  // Compose gets one copy of a file, with whole paths.
  if (other !== null && isReadFromElsewhere(walk, participant)) {
    const message = `${other.key} of an include means two things here: the file is included for two folders`;
    return report(walk, step, { message, path: other.path });
  }
  const named = findCompose(walk, { ...step, value: reference.value });
  if (named === null) return [];
  const { source, path } = named;
  if (chain.includes(path)) return report(walk, step, { message: `${nameOf(walk, path)} includes itself` });
  if (chain.length > maxIncludeDepth)
    return report(walk, step, { message: `includes go deeper than ${maxIncludeDepth} files`, code: "K1418" });
  const folder = includedFolder(walk, step);
  if (folder === null) return [];
  const variables = includedVariables(walk, { ...step, folder });
  return variables === null ? [] : [{ source, path, folder, role: "included", variables, chain }];
}

function isReadFromElsewhere({ composeFiles }: Walk, { path, folder }: Participant): boolean {
  return composeFiles.some((each) => each.role !== "base" && each.path === path && each.folder !== folder);
}

/** Compose takes the first file's folder as the project folder of all files of one include, where it names none. */
function includedFolder(walk: Walk, step: Step<IncludeReference>): string | null {
  const { participant, reference } = step;
  const start = { folder: participant.folder, reach: walk.input.reach };
  if (reference.projectFolder === null) return folderOf(localPath(reference.first, start).path ?? "");
  const folder = localFolder(reference.projectFolder, start);
  if (folder.path === null) report(walk, step, { message: folder.refusal });
  return folder.path;
}

/** With those of the env files that the include names, or of the `.env` in its folder. Null when one is refused. */
function includedVariables(
  walk: Walk,
  { folder, ...step }: Step<IncludeReference> & { folder: string },
): Participant["variables"] | null {
  const { participant, reference } = step;
  const given = participant.variables;
  const paths = dotenvPaths(walk, { folder, ...step });
  if (paths === null) return null;
  let variables = given;
  for (const path of paths) {
    const source = walk.packageFiles.get(path);
    if (source === undefined || !isPlain(source)) {
      report(walk, step, {
        message: source === undefined ? missing(walk, path) : notPlain(nameOf(walk, path)),
      });
      return null;
    }
    const { bytes } = source;
    const namedBy = { participant, path: reference.path };
    const name = nameOf(walk, path);
    take(walk, step, { kind: "dotenv", path, name, raw: false, bytes, file: path, namedBy });
    const wider = bytes.length > maxPlainBytes ? null : withDotenv(decodeText(bytes), given);
    if (wider === null) {
      if (bytes.length <= maxPlainBytes)
        report(walk, step, { code: "K1428", message: `${name} exceeds 1 MiB with its variables filled in` });
      return null;
    }
    variables = { ...variables, ...wider };
  }
  return variables;
}

function dotenvPaths(
  walk: Walk,
  { folder, ...step }: Step<IncludeReference> & { folder: string },
): string[] | null {
  const { participant, reference } = step;
  const { reach } = walk.input;
  const beside = joinPath(folder, ".env");
  const isBeside = walk.packageFiles.has(beside) || walk.boundPaths.has(beside);
  if (reference.dotenv.length === 0 && !isBeside) return [];
  if (reference.dotenv.length === 0 && reach === "repository") return [beside];
  if (reach === "package") {
    report(walk, step, {
      message: `Compose would read ${nameOf(walk, beside)} beside it, which nothing names`,
    });
    return null;
  }
  const named = reference.dotenv.filter((value) => value !== "/dev/null");
  const paths = named.map((value) => localPath(value, { folder: participant.folder, reach }));
  const refused = paths.find(({ refusal }) => refusal !== null);
  if (refused?.refusal) {
    report(walk, step, { message: refused.refusal });
    return null;
  }
  return paths.flatMap(({ path }) => path ?? []);
}
