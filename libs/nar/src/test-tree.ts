import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";

import * as fc from "fast-check";

import type { Chunks, TreeNode } from "./tree.ts";

/** A tree as a test writes it. Names that cannot be written as text are bytes in `latin1`. */
export type TestTree =
  | { kind: "file"; isExecutable: boolean; bytes: Uint8Array }
  | { kind: "link"; target: string }
  | { kind: "special" }
  | { kind: "folder"; entries: Readonly<Record<string, TestTree>> };

export function file(text: string | Uint8Array = "", isExecutable = false): TestTree {
  return { kind: "file", isExecutable, bytes: Buffer.from(text) };
}

export function link(target: string): TestTree {
  return { kind: "link", target };
}

export function folder(entries: Readonly<Record<string, TestTree>> = {}): TestTree {
  return { kind: "folder", entries };
}

/** The nodes of a tree, in the order of an archive. */
export function* nodesOf(
  tree: TestTree,
  { depth = 0, name = Buffer.alloc(0) }: { depth?: number; name?: Buffer } = {},
): Generator<TreeNode, void> {
  if (tree.kind === "link") yield { kind: "link", target: Buffer.from(tree.target), depth, name };
  else if (tree.kind === "special") yield { kind: "special", depth, name };
  else if (tree.kind === "folder") {
    yield { kind: "folder", depth, name };
    const entries = Object.entries(tree.entries).map(([each, inside]) => ({
      name: Buffer.from(each),
      inside,
    }));
    for (const each of entries.sort((a, b) => Buffer.compare(a.name, b.name)))
      yield* nodesOf(each.inside, { depth: depth + 1, name: each.name });
  } else {
    const { isExecutable, bytes } = tree;
    yield { kind: "file", isExecutable, sizeBytes: bytes.length, chunks: [bytes], depth, name };
  }
}

/** Writes a tree to the disk, at a path where nothing is. */
export async function writeTree(tree: TestTree, path: string): Promise<void> {
  if (tree.kind === "special") throw new Error("a test makes what is special by itself");
  if (tree.kind === "link") return await symlink(tree.target, path);
  if (tree.kind === "folder") {
    await mkdir(path);
    for (const [name, inside] of Object.entries(tree.entries)) await writeTree(inside, `${path}/${name}`);
    return;
  }
  await writeFile(path, tree.bytes);
  await chmod(path, tree.isExecutable ? 0o755 : 0o644);
}

/** All pieces as one. */
export async function bytesOf(chunks: Chunks): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const chunk of chunks) pieces.push(Buffer.from(chunk));
  return Buffer.concat(pieces);
}

/** Bytes in pieces of this size, each in memory that the next one takes, as from a file. */
export function* inPieces(bytes: Uint8Array, size: number): Generator<Uint8Array, void> {
  const memory = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    memory.fill(0xff);
    memory.set(piece);
    yield memory.subarray(0, piece.length);
  }
}

/** Names that sort, fold or read otherwise as UTF-16, as text or on a command line. */
const oddNames = [
  "a",
  "B",
  "a-b",
  "a.b",
  "a b",
  "-x",
  "é",
  "e\u0301",
  "\uff61",
  "😀",
  "\ufffd",
  "\n",
  "\\",
  "git",
  "...",
];

const arbitraryName = fc.oneof(
  fc.constantFrom(...oddNames),
  fc
    .string({ minLength: 1, maxLength: 80, unit: "binary" })
    .map((name) => name.replaceAll(/[/\0\p{Cs}]/gu, "_"))
    .filter((name) => name !== "." && name !== ".." && Buffer.byteLength(name) <= 255),
);

const arbitraryFile = fc
  .tuple(fc.uint8Array({ maxLength: 40, size: "max" }), fc.boolean())
  .map(([bytes, isExecutable]): TestTree => file(bytes, isExecutable));

const arbitraryLink = fc
  .oneof(arbitraryName, fc.constantFrom("../..", "/etc/passwd", "a/../b", " "))
  .map((target): TestTree => link(target));

/** Any tree with a folder as its root that a disk can hold. */
export const arbitraryFolder: fc.Arbitrary<TestTree> = fc.letrec<{ folder: TestTree; entry: TestTree }>(
  (tie) => ({
    entry: fc.oneof({ maxDepth: 5, withCrossShrink: true }, arbitraryFile, arbitraryLink, tie("folder")),
    folder: fc
      .dictionary(arbitraryName, tie("entry"), { maxKeys: 6, noNullPrototype: true })
      .map((entries) => folder(entries)),
  }),
).folder;
