import {
  compareText,
  decodeText,
  problemOf,
  type Problem,
  type SourceFile,
  type SourceFiles,
} from "@keelson/model";

import { collisionProblems } from "./path-collision.ts";
import { pathFault } from "./path-rule.ts";

/**
 * The files that may be read, sorted, once links are followed: other links, submodules, what is no file and files whose content
 * is not there are empty and `refused`. Paths that escape are left out.
 */
export function admitFiles(files: SourceFiles): { kept: SourceFile[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const kept: SourceFile[] = [];
  for (const file of [...files.values()].sort((a, b) => compareText(a.path, b.path))) {
    const fault = pathFault(file.path);
    if (fault !== null) {
      problems.push(problemOf(file.path, { code: "K1011", message: `the file's path ${fault}` }));
      continue;
    }
    const problem = contentProblem(file);
    if (problem !== null) problems.push(problem);
    kept.push(problem === null ? file : { path: file.path, mode: "100644", bytes: noBytes, refused: true });
  }
  return { kept, problems: [...problems, ...collisionProblems(kept)] };
}

const noBytes = new Uint8Array();

/** Why the content of a file is not what would be placed or read. */
function contentProblem(file: SourceFile): Problem | null {
  if (file.mode === "120000") {
    return problemOf(file.path, {
      code: "K1008",
      message: "a symbolic link that leads out of its folder, nowhere or in a circle",
      hint: "Let it lead to a file or folder of the same package (in environments/: of any environment; in a local package: of the repository), or commit the files themselves in its place.",
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
