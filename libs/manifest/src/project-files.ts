import { type SourceFiles } from "@keelson/model";

import { folderOf, joinPath, walkNamed } from "./compose-reach.ts";
import { dotenvVariables } from "./dotenv.ts";
import { type FoundProject, findProjects } from "./found-project.ts";
import { followLinks } from "./link.ts";
import { addTargets, addWithFolders } from "./local-reach.ts";

/** What Compose reads of a project, as paths of the repository, each once. */
export interface ProjectFiles {
  /** Its Compose files, and those that they include. */
  compose: string[];
  /** Those that services extend. */
  extended: string[];
  /** Its `.env`, and what `env_file` names. */
  variables: string[];
}

export function filesOfProject(project: FoundProject, files: SourceFiles): ProjectFiles {
  const { folder } = project;
  const own = project.composeFiles.flatMap((path) => joinPath(folder, path) ?? []);
  const dotenv = joinPath(folder, ".env") ?? ".env";
  const [first = ""] = own;
  const start = own.map((path) => ({ path, folder: folderOf(first) }));
  const named = [...walkNamed(start, { files, variables: dotenvVariables(files.get(dotenv)) })];
  const of = (kind: (typeof named)[number]["kind"]) =>
    named.flatMap((each) => (each.kind === kind ? [each.path] : []));
  const compose = [...new Set([...own, ...of("included")])];
  return {
    compose,
    extended: [...new Set(of("extended"))].filter((path) => !compose.includes(path)),
    variables: [...new Set([dotenv, ...of("variables")])],
  };
}

/** What has to be read beside these files to know all that Compose reads of the projects; folders of it may be links. */
export function findProjectReach(files: SourceFiles, asked: readonly string[]): string[] {
  const followed = followLinks(files, "repository");
  const named = new Set<string>();
  for (const project of findProjects(followed, asked)) {
    const { compose, extended, variables } = filesOfProject(project, followed);
    for (const path of [...compose, ...extended, ...variables]) addWithFolders(named, path);
  }
  // Only files are meant, and only where a link leads it may be a folder.
  const paths = new Set([...named].filter((path) => !path.endsWith("/")));
  addTargets(paths, followed);
  return [...paths];
}
