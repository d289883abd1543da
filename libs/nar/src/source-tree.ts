import type { SourceFile } from "@keelson/model";

import { narDigest } from "./dump.ts";
import type { TreeNode } from "./tree.ts";

/**
 * The tree of a folder of a revision, with the modes that Git has: the same as of a clean checkout. A submodule and a
 * pipe are what no archive can hold. Every other file must have been read.
 */
export function* treeOfFiles(files: Iterable<SourceFile>, folder: string): Generator<TreeNode, void> {
  const inside = [...files]
    .filter(({ path }) => path.startsWith(`${folder}/`))
    .map((file) => ({ file, order: orderOf(file.path.slice(folder.length + 1)) }))
    .sort((a, b) => Buffer.compare(a.order, b.order));
  yield { kind: "folder", depth: 0, name: new Uint8Array() };
  let above: readonly string[] = [];
  for (const { file } of inside) {
    const names = file.path.slice(folder.length + 1).split("/");
    const folders = names.slice(0, -1);
    const known = folders.findIndex((name, index) => above[index] !== name);
    for (let depth = known < 0 ? folders.length : known; depth < folders.length; depth++)
      yield { kind: "folder", depth: depth + 1, name: Buffer.from(folders[depth] ?? "") };
    above = folders;
    yield { ...contentOf(file), depth: names.length, name: Buffer.from(names.at(-1) ?? "") };
  }
}

/** Whether a file's content is not there, so that its folder has no digest. */
export function isUnread({ mode, special, tooLarge }: SourceFile): boolean {
  return mode === "160000" || special === true || tooLarge !== undefined;
}

/** The digest of a folder of a revision; null for one that is not there, or that was not read whole. */
export async function digestOfFiles(files: Iterable<SourceFile>, folder: string): Promise<string | null> {
  const inside = [...files].filter(({ path }) => path.startsWith(`${folder}/`));
  if (inside.length === 0 || inside.some(isUnread)) return null;
  return await narDigest(treeOfFiles(inside, folder));
}

function contentOf({ mode, special, bytes }: SourceFile) {
  if (mode === "160000" || special === true) return { kind: "special" } as const;
  if (mode === "120000") return { kind: "link", target: bytes } as const;
  const isExecutable = mode === "100755";
  return { kind: "file", isExecutable, sizeBytes: bytes.length, chunks: [bytes] } as const;
}

/** An archive compares paths name by name and byte by byte; no byte of a name comes before a zero. Git sorts otherwise. */
function orderOf(path: string): Buffer {
  return Buffer.from(path.replaceAll("/", "\0"));
}
