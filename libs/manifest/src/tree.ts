import {
  compareText,
  decodeText,
  problemOf,
  type Problem,
  type SourceFile,
  type SourceFiles,
  quote,
} from "@keelson/model";
import { foldName } from "@keelson/nar";

import { followLinks } from "./link.ts";
import { pathFault } from "./path-rule.ts";

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
  const problems: Problem[] = [];
  const kept: SourceFile[] = [];
  for (const file of [...followLinks(ours).values()].sort((a, b) => compareText(a.path, b.path))) {
    const fault = pathFault(file.path);
    if (fault !== null) {
      problems.push(problemOf(file.path, { code: "K1011", message: `the file's path ${fault}` }));
      continue;
    }
    const problem = contentProblem(file);
    if (problem !== null) problems.push(problem);
    kept.push(problem === null ? file : { path: file.path, mode: "100644", bytes: noBytes, refused: true });
  }
  const releases = groupFiles(kept, /^releases\/[^/]+\/[^/]+(?=\/)/);
  const environments = groupFiles(kept, /^environments\/[^/]+(?=\/)/);
  const isStray = ({ path, refused }: SourceFile) =>
    refused !== true && !/^(?:releases\/[^/]+\/[^/]+|environments\/[^/]+)\//.test(path);
  const stray = kept.filter(isStray);
  return { releases, environments, stray, problems: [...problems, ...collisionProblems(kept)] };
}

const noBytes = new Uint8Array();

/** Why the content of a file is not what would be placed or read. */
function contentProblem(file: SourceFile): Problem | null {
  if (file.mode === "120000") {
    return problemOf(file.path, {
      code: "K1008",
      message: "a symbolic link that leads out of its folder, nowhere or in a circle",
      hint: "Let it lead to a file or folder of the same package (in environments/: of any environment), or commit the files themselves in its place.",
    });
  }
  if (file.mode === "160000") {
    return problemOf(file.path, {
      code: "K1008",
      message: "a submodule where only files may be",
      hint: "commit the files themselves in its place",
    });
  }
  if (file.special === true) {
    return problemOf(file.path, {
      code: "K1448",
      message: "a pipe, a socket or a device where only files may be",
      hint: "Remove it. Git cannot hold it, so it is in this work tree alone.",
    });
  }
  if (file.tooLarge !== undefined) {
    const { sizeBytes, limitBytes } = file.tooLarge;
    return problemOf(file.path, {
      code: "K2020",
      message: `the file has ${sizeBytes} bytes, and the limit is ${limitBytes}`,
      hint: "Data belongs into a volume or an image. A node whose agent.yaml has a higher limits.fileBytes reads it.",
    });
  }
  if (!isPointer(file.bytes)) return null;
  return problemOf(file.path, {
    code: "K1320",
    message: "the file is a pointer of Git LFS, and its content is not in the repository",
    hint: "Commit the content itself: git lfs untrack it, or git lfs migrate export.",
  });
}

/** A pointer's first line (Git LFS, docs/spec.md); no pointer is longer than 1024 bytes. */
const pointerStart = "version https://git-lfs.github.com/spec/";

function isPointer(bytes: Uint8Array): boolean {
  if (bytes.length > 1024) return false;
  const text = decodeText(bytes);
  return text.startsWith(pointerStart) && /^oid sha256:[0-9a-f]{64}$/m.test(text) && /^size \d+$/m.test(text);
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
      const folded = foldName(part);
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
