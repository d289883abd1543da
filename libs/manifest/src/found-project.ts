import {
  type SourceFile,
  type SourceFiles,
  compareText,
  composeProjectName,
  decodeText,
  fillKnown,
  isJsonObject,
  nameLike,
  statementsOf,
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
  /** Variables of its `.env` that look like secrets and have a value. */
  secrets: readonly string[];
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

/** The projects among files that were read, sorted by folder: each folder in which Compose would find a file. */
export function findProjects(files: SourceFiles): FoundProject[] {
  const folders = new Map<string, Map<string, SourceFile>>();
  for (const [path, file] of files) {
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
  const { folder, inside, composeFiles } = of;
  const base = folder.slice(folder.lastIndexOf("/") + 1);
  const wanted = [base, folder].map(nameLike);
  const instance = freeName(wanted, taken);
  taken.add(instance);
  return { folder, instance, project: projectOf(of), composeFiles, secrets: secretsOf(inside) };
}

function freeName(wanted: readonly (string | null)[], taken: ReadonlySet<string>): string {
  const names = wanted.filter((name) => name !== null);
  for (const name of names) if (!taken.has(name)) return name;
  const [stem = "app"] = names;
  for (let number = 2; ; number++) {
    const name = `${stem.slice(0, 36)}-${number}`;
    if (!taken.has(name)) return name;
  }
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

/** Names that people give to secrets. */
const secretName =
  /PASS(?:WORD|WD|PHRASE)?(?:_|$)|TOKEN|SECRET|CREDENTIAL|(?:^|_)(?:API|PRIVATE|ACCESS|ENCRYPTION)?_?KEY(?:_|$)/i;

function secretsOf(inside: FolderFiles): string[] {
  const file = inside.get(".env");
  if (file === undefined) return [];
  const set = [...statementsOf(decodeText(file.bytes))].filter(
    ({ value, literal }) => (value ?? "") !== "" || (literal ?? "") !== "",
  );
  return [...new Set(set.map(({ key }) => key))].filter((key) => secretName.test(key));
}
