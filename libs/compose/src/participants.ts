import type { ComposeInput, Problem } from "@keelson/model";

import { problemAt } from "./compose-document.ts";
import { readDotenv } from "./dotenv-file.ts";
import { foldersAbove, localPath, projectFolderOf } from "./local-path.ts";
import type { Participant, Participants } from "./participant.ts";
import { newWalk, visit, wholeFile } from "./participant-walk.ts";
import { isPlain, notPlain } from "./reference-step.ts";
import type { Walk } from "./walk.ts";

/**
 * Every file that Compose would read, found by following local `include`, `extends`, `env_file` and `label_file`.
 * Anything else that they name is a problem (K1407, K1408), and is never read from the disk.
 */
export function findParticipants(input: ComposeInput): { participants: Participants; problems: Problem[] } {
  const projectFolder = projectFolderOf(input) ?? input.folder;
  const dotenv = readDotenv(input);
  const { variables, written } = dotenv;
  const walk = newWalk(input, { projectFolder, written });
  for (const name of input.composeFiles) visitProjectFile(walk, { name, projectFolder, variables });
  if (input.override !== null) {
    const override = { source: input.override, path: null, folder: projectFolder, role: "project" as const };
    visit(walk, { ...override, variables, chain: [] });
  }
  const { composeFiles, plainFiles } = walk;
  return {
    participants: { projectFolder, variables, dotenv: dotenv.text, composeFiles, plainFiles },
    problems: [...dotenv.problems, ...walk.problems, ...findClashes(walk)],
  };
}

function visitProjectFile(
  walk: Walk,
  {
    name,
    projectFolder,
    variables,
  }: { name: string; projectFolder: string; variables: Participant["variables"] },
): void {
  const { folder, reach } = walk.input;
  const local = localPath(name, { folder, reach });
  const source = walk.packageFiles.get(local.path ?? "");
  if (source === undefined || !isPlain(source)) {
    const message =
      local.refusal ?? (source === undefined ? "the Compose file is not there" : notPlain(name));
    const hint =
      reach === "package"
        ? "Name the package's Compose file under compose in package.yaml."
        : "Commit the file, or name another one under compose in package.yaml.";
    walk.problems.push(wholeFile(local.path ?? folder, { code: "K1416", message, hint }));
    return;
  }
  visit(walk, { source, path: source.path, folder: projectFolder, role: "project", variables, chain: [] });
}

/** A rendered file and a folder of the package may have the same path; they cannot lie beside each other. */
function findClashes({ composeFiles, plainFiles }: Pick<Walk, "composeFiles" | "plainFiles">): Problem[] {
  const paths = [...composeFiles, ...plainFiles].flatMap(({ path }) => path ?? []);
  const files = new Set(paths);
  const folders = new Set(paths.flatMap((path) => foldersAbove(path)));
  return plainFiles.flatMap(({ path, name, namedBy }) => {
    if (!folders.has(path) && !foldersAbove(path).some((folder) => files.has(folder))) return [];
    const message = `${name} cannot lie beside the package's files: one of them is a folder of the other`;
    const hint = "Render it to another path.";
    return [problemAt(namedBy.participant.document, { code: "K1408", path: namedBy.path, message, hint })];
  });
}
