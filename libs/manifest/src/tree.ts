import {
  compareText,
  problemOf,
  type Problem,
  type SourceFile,
  type SourceFiles,
  quote,
} from "@keelson/model";

import { foldPath, pathFault } from "./path-rule.ts";

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

/** Sorts files into folders and refuses links, submodules, escaping paths and names that some disks confuse. */
export function readTree(files: SourceFiles): RepositoryTree {
  const ours = [...files.values()]
    .filter(({ path }) => /^(?:releases|environments)(?:\/|$)/.test(path))
    .sort((a, b) => compareText(a.path, b.path));
  const problems: Problem[] = [];
  const kept = ours.filter((file) => {
    const problem = fileProblem(file);
    if (problem !== null) problems.push(problem);
    return problem === null;
  });
  const releases = groupFiles(kept, /^releases\/[^/]+\/[^/]+(?=\/)/);
  const environments = groupFiles(kept, /^environments\/[^/]+(?=\/)/);
  const stray = kept.filter(({ path }) => !/^(?:releases\/[^/]+\/[^/]+|environments\/[^/]+)\//.test(path));
  return { releases, environments, stray, problems: [...problems, ...collisionProblems(kept)] };
}

function fileProblem(file: SourceFile): Problem | null {
  if (file.mode === "120000" || file.mode === "160000") {
    const kind = file.mode === "120000" ? "a symbolic link" : "a submodule";
    return problemOf(file.path, {
      code: "K1008",
      message: `${kind} where only files may be`,
      hint: "commit the files themselves in its place",
    });
  }
  const fault = pathFault(file.path);
  return fault === null ? null : problemOf(file.path, { code: "K1011", message: `the file's path ${fault}` });
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

/** Paths that are one path on a disk that ignores case or Unicode forms; a folder of both is named once. */
function collisionProblems(files: readonly SourceFile[]): Problem[] {
  const problems: Problem[] = [];
  const spellings = new Map<string, string>();
  const known = new Set<string>();
  const colliding = new Set<string>();
  for (const { path } of files) {
    const { folder, below } = partsOf(path, known);
    if (colliding.has(folder)) continue;
    for (const part of below) known.add(part);
    for (const [index, part] of below.entries()) {
      const folded = foldPath(part);
      const first = spellings.get(folded);
      spellings.set(folded, first ?? part);
      if (first === undefined) continue;
      for (const inside of below.slice(index)) colliding.add(inside);
      const message = `${quote(part)} and ${quote(first)} are one name on some disks`;
      problems.push(problemOf(path, { code: "K1011", message, hint: "rename one of them" }));
      break;
    }
  }
  return problems;
}

/**
 * The innermost folder of a path that is known, and all below it to the path itself, the outermost first. From the inside
 * outwards, since thousands of files can lie in one folder a thousand deep, and above a known folder all are known.
 */
function partsOf(path: string, known: ReadonlySet<string>): { folder: string; below: string[] } {
  const below: string[] = [];
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
    const part = path.slice(0, end);
    if (known.has(part)) return { folder: part, below: below.toReversed() };
    below.push(part);
  }
  return { folder: "", below: below.toReversed() };
}
