import {
  imageLockFile,
  problemOf,
  sealedSecretsFile,
  type Problem,
  type SourceFile,
  suggest,
  quote,
} from "@keelson/model";

import type { FolderFiles } from "./tree.ts";

/** YAML documents of a release that nothing reads: a misplaced one would silently mean nothing. */
export function strayInRelease(
  folder: { path: string; files: FolderFiles },
  settings: string | undefined,
): Problem[] {
  const known = ["release.yaml", imageLockFile, ...(settings === undefined ? [] : [settings])];
  return pathsOf(folder.files)
    .filter((path) => isYaml(path) && !known.includes(path) && !isReadInRelease(path))
    .map((path) => strayProblem(`${folder.path}/${path}`, meantInRelease(path, known)));
}

function isReadInRelease(path: string): boolean {
  // Below packages/ everything belongs to the package; only its own document may not be misspelt.
  if (/^packages\/[^/]+\//.test(path))
    return !/^packages\/[^/]+\/(?!package\.yaml$)package\.ya?ml$/i.test(path);
  return /^migrations\/[^/]+\.yaml$/.test(path);
}

function meantInRelease(path: string, known: readonly string[]): string {
  const renamed = path.replace(/\.ya?ml$/i, ".yaml").toLowerCase();
  const asPackage = /^[^/]+\/([^/]+)\/package\.yaml$/.exec(renamed);
  const meant = asPackage === null ? suggest(renamed, known) : `packages/${asPackage[1]}/package.yaml`;
  return meant === undefined
    ? "a release has release.yaml, its settings schema, packages/<package>/ and migrations/*.yaml"
    : `did you mean ${quote(meant)}?`;
}

const environmentFiles = [
  "environment.yaml",
  "lock.yaml",
  "secrets.yaml",
  sealedSecretsFile,
  "overrides.yaml",
];

/** Files of an environment that nothing reads; Markdown and `.gitkeep` are for people and for Git. */
export function strayInEnvironment(folder: { path: string; files: FolderFiles }): Problem[] {
  return pathsOf(folder.files)
    .filter(
      (path) =>
        !environmentFiles.includes(path) &&
        !/^(?:(?:nodes|compose)\/[^/]+|secrets\/[^/]+\.sops)\.yaml$/.test(path),
    )
    .filter((path) => !/(?:\.md|(?:^|\/)\.gitkeep)$/.test(path))
    .map((path) => strayProblem(`${folder.path}/${path}`, meantInEnvironment(path)));
}

function meantInEnvironment(path: string): string {
  const renamed = path.replace(/\.ya?ml$/i, ".yaml").toLowerCase();
  const [, folder = "", file = ""] = /^([^/]+)\/([^/]+\.yaml)$/.exec(renamed) ?? [];
  const known =
    folder === ""
      ? environmentFiles
      : [`nodes/${file}`, `compose/${file}`, `secrets/${file.replace(/(?:\.sops)?\.yaml$/, ".sops.yaml")}`];
  const meant = suggest(renamed, known);
  return meant === undefined
    ? `an environment has ${environmentFiles.join(", ")}, nodes/<node>.yaml, compose/<instance>.yaml and secrets/<instance>.sops.yaml`
    : `did you mean ${quote(meant)}?`;
}

/** YAML documents above the folders of releases and environments. */
export function strayAbove(files: readonly SourceFile[]): Problem[] {
  return files.flatMap(({ path }) => {
    if (!isYaml(path) && path.includes("/")) return [];
    if (path === "releases" || path === "environments") return [strayProblem(path, "it must be a folder")];
    const file = path.slice(path.lastIndexOf("/") + 1);
    const place = path.startsWith("releases/")
      ? `${file === "release.yaml" ? "" : "a release is a folder: "}releases/<name>/<version>/release.yaml`
      : `environments/${file.replace(/\.ya?ml$/i, "")}/environment.yaml`;
    return [strayProblem(path, `did you mean ${quote(place)}?`)];
  });
}

/** What is refused has its problem already. */
function pathsOf(files: FolderFiles): string[] {
  return [...files].flatMap(([path, { refused }]) => (refused === true ? [] : [path]));
}

function strayProblem(path: string, hint: string): Problem {
  return problemOf(path, { code: "K1010", message: "nothing reads this file", hint });
}

function isYaml(path: string): boolean {
  return /\.ya?ml$/i.test(path);
}
