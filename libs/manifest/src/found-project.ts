import {
  type SourceFile,
  type SourceFiles,
  compareText,
  composeProjectName,
  fillKnown,
  isJsonObject,
  nameLike,
} from "@keelson/model";

import { composeNames, findComposeFiles } from "./compose-choice.ts";
import { folderOf, joinPath } from "./compose-reach.ts";
import { parseDocument } from "./document.ts";
import { dotenvVariables } from "./dotenv.ts";
import type { FolderFiles } from "./tree.ts";

/** A Compose project as it lies in a repository, before an environment names it. */
export interface FoundProject {
  /** Path in the repository; empty for its top. */
  folder: string;
  /** The instance that it would be: no other one has the name. */
  instance: string;
  /** What Compose calls the project; null where that depends on a variable that nothing sets. */
  project: string | null;
  /** Paths in the folder, as Compose merges them. */
  composeFiles: readonly string[];
}

/** What has to be read to find the projects of a repository, or of some folders of it. */
export function projectFiles(listed: readonly string[], folders: readonly string[]): string[] {
  const isAsked = (folder: string) => folders.length === 0 || folders.includes(folder);
  return listed.filter((path) => {
    const folder = folderOf(path);
    return isAsked(folder) && isCandidate(folder) && /(?:^|\/)(?:\.env|[^/]*\.ya?ml)$/.test(path);
  });
}

function isCandidate(folder: string): boolean {
  const names = folder.split("/");
  return (
    names[0] !== "releases" &&
    names[0] !== "environments" &&
    names.every((name) => name !== "node_modules" && !name.startsWith("."))
  );
}

/**
 * The projects among the paths that were asked for, sorted by folder: each folder in which Compose would find a file. Other files
 * may have been read, since those name them.
 */
export function findProjects(files: SourceFiles, asked: readonly string[]): FoundProject[] {
  const folders = new Map<string, Map<string, SourceFile>>();
  for (const path of asked) {
    const file = files.get(path);
    if (file === undefined) continue;
    const folder = folderOf(path);
    const inside = folders.get(folder) ?? new Map<string, SourceFile>();
    folders.set(folder, inside.set(path.slice(folder === "" ? 0 : folder.length + 1), file));
  }
  const taken = new Set<string>();
  return [...folders]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([folder, inside]) => {
      const composeFiles = findComposeFiles(inside);
      const isProject = composeFiles.some((path) => inside.has(path)) || hasDefaultName(inside);
      return isProject ? [describeProject({ folder, inside, files, composeFiles }, taken)] : [];
    });
}

function hasDefaultName(inside: FolderFiles): boolean {
  return composeNames.some((name) => inside.has(name));
}

function describeProject(
  of: { folder: string; inside: FolderFiles; files: SourceFiles; composeFiles: readonly string[] },
  taken: Set<string>,
): FoundProject {
  const { folder, composeFiles } = of;
  const base = folder.slice(folder.lastIndexOf("/") + 1);
  return { folder, instance: takeName([base, folder], taken), project: projectOf(of), composeFiles };
}

/** The first name like one of these texts that nobody has taken, which is taken then. */
export function takeName(wanted: readonly string[], taken: Set<string>): string {
  const names = wanted.map(nameLike).filter((name) => name !== null);
  const [stem = "app"] = names;
  let name = names.find((each) => !taken.has(each));
  for (let number = 2; name === undefined; number++) {
    const numbered = `${stem.slice(0, 36)}-${number}`;
    if (!taken.has(numbered)) name = numbered;
  }
  taken.add(name);
  return name;
}

/** As Compose decides it: `COMPOSE_PROJECT_NAME`, `name` of the last file that has one, the folder. */
function projectOf(of: {
  folder: string;
  inside: FolderFiles;
  files: SourceFiles;
  composeFiles: readonly string[];
}): string | null {
  const { folder, inside, files, composeFiles } = of;
  const variables = dotenvVariables(inside.get(".env"));
  const said = variables["COMPOSE_PROJECT_NAME"] ?? "";
  if (said !== "") return composeProjectName(said);
  const names = composeFiles.flatMap((path) => {
    const file = files.get(joinPath(folder, path) ?? "");
    const document = file === undefined ? null : parseDocument(file).document;
    const name = document !== null && isJsonObject(document.value) ? document.value["name"] : undefined;
    return typeof name === "string" ? [name] : [];
  });
  const written = names.at(-1);
  if (written === undefined) return composeProjectName(folder.slice(folder.lastIndexOf("/") + 1));
  return fillKnown(written, variables);
}
