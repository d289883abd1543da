import type { Problem, SourceFile, SourceFiles } from "@keelson/model";

import { admitFiles } from "./admitted-file.ts";
import { followLinks } from "./link.ts";

/** The files of one folder by their path in it, sorted. */
export type FolderFiles = ReadonlyMap<string, SourceFile>;

/** The files that the product reads, by folder; what may not be read is left out. */
export interface RepositoryTree {
  /** By `releases/<name>/<version>`. */
  releases: ReadonlyMap<string, FolderFiles>;
  /** By `environments/<name>`. */
  environments: ReadonlyMap<string, FolderFiles>;
  /** Files of `releases/` and `environments/` that lie in no such folder. */
  stray: readonly SourceFile[];
  problems: Problem[];
}

/**
 * Sorts files into folders, follows the links that may be followed, and refuses other links, submodules, escaping paths,
 * names that some disks confuse, what is no file, and files whose content is not there.
 */
export function readTree(files: SourceFiles): RepositoryTree {
  const ours = new Map([...files].filter(([path]) => /^(?:releases|environments)(?:\/|$)/.test(path)));
  const { kept, problems } = admitFiles(followLinks(ours));
  const releases = groupFiles(kept, /^releases\/[^/]+\/[^/]+(?=\/)/);
  const environments = groupFiles(kept, /^environments\/[^/]+(?=\/)/);
  const isStray = ({ path, refused }: SourceFile) =>
    refused !== true && !/^(?:releases\/[^/]+\/[^/]+|environments\/[^/]+)\//.test(path);
  return { releases, environments, stray: kept.filter(isStray), problems };
}

function groupFiles(
  files: readonly SourceFile[],
  folderPattern: RegExp,
): Map<string, Map<string, SourceFile>> {
  const folders = new Map<string, Map<string, SourceFile>>();
  for (const file of files) {
    const folder = folderPattern.exec(file.path)?.[0];
    if (folder === undefined) continue;
    const inside = folders.get(folder) ?? new Map<string, SourceFile>();
    folders.set(folder, inside.set(file.path.slice(folder.length + 1), file));
  }
  return folders;
}
