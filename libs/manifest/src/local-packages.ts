import {
  type EnvironmentFolder,
  type LocalPackage,
  type Problem,
  type SourceFiles,
  compareText,
  folderOfReference,
  isLocalReference,
} from "@keelson/model";

import { admitFiles } from "./admitted-file.ts";
import { findKnownSettings } from "./known-setting.ts";
import { followLinks } from "./link.ts";
import { readLocalPackage } from "./local-package.ts";
import { filesByFolder } from "./local-reach.ts";
import type { FolderFiles } from "./tree.ts";

/** What was read of the repository for local packages. */
export interface LocalFiles {
  /** Of their folders, and what those reach. */
  files: SourceFiles;
  /** Paths of all files that may lie in folders of `discover`, read or not. */
  listed: readonly string[];
}

/** The local packages of all environments, and what is known of their folders. */
export interface LocalPackages {
  /** By path in the repository, also of those that are no package. */
  folders: ReadonlyMap<string, FolderFiles>;
  /** By reference, such as `./apps/wiki`. */
  packages: ReadonlyMap<string, LocalPackage>;
  /** Other folders of the repository that are known, for suggestions. */
  neighbours: readonly string[];
  problems: Problem[];
  warnings: Problem[];
}

/** Reads each folder once that an instance of an environment names as its package. */
export function readLocalPackages(
  environments: Iterable<EnvironmentFolder>,
  local: LocalFiles,
): LocalPackages {
  const all = [...environments];
  const references = all
    .flatMap(({ environment }) => Object.values(environment.value.instances))
    .flatMap(({ package: reference, state }) =>
      isLocalReference(reference) && state !== "absent" ? [folderOfReference(reference)] : [],
    );
  const names = [...new Set(references)].sort(compareText);
  if (names.length === 0)
    return { folders: new Map(), packages: new Map(), neighbours: [], problems: [], warnings: [] };
  const { kept, problems } = admitFiles(followLinks(local.files, "repository"));
  const files: SourceFiles = new Map(kept.map((file) => [file.path, file]));
  const folders = filesByFolder(files, names);
  const packages = new Map<string, LocalPackage>();
  const warnings: Problem[] = [];
  const settingsOf = findKnownSettings({
    instances: all.flatMap(({ environment }) => Object.entries(environment.value.instances)),
    nodes: all.flatMap(({ nodes }) => [...nodes.values()].map(({ value }) => value)),
  });
  for (const [folder, inside] of folders) {
    const read = readLocalPackage({ folder, inside, files, settings: settingsOf(folder) });
    problems.push(...read.problems);
    warnings.push(...read.warnings);
    if (read.localPackage !== null) packages.set(`./${folder}`, read.localPackage);
  }
  return { folders, packages, neighbours: foldersOf(local.listed), problems, warnings };
}

function foldersOf(paths: readonly string[]): string[] {
  const folders = paths.map((path) => path.slice(0, Math.max(0, path.lastIndexOf("/"))));
  return [...new Set(folders)].filter(
    (folder) => folder !== "" && !/^(?:releases|environments)(?:\/|$)/.test(folder),
  );
}
