import { problemOf, quote, type Problem, type SourceFile } from "@keelson/model";
import { foldName } from "@keelson/nar";

/** Paths that are one path on a disk that ignores case or Unicode forms; a folder of both is named once. */
export function collisionProblems(files: readonly SourceFile[]): Problem[] {
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
