import { createHash } from "node:crypto";

import { NarError } from "./nar-error.ts";
import { narTokens, paddingOf, wordBytes } from "./token.ts";
import { type Chunks, type Tree, type TreeNode, TreePath } from "./tree.ts";

const batchBytes = 64 * 1024;
/** A piece of this size is handed on as it is; smaller ones are copied together. */
const largeBytes = 32 * 1024;

/**
 * The archive of a tree, byte for byte what `nix-store --dump` writes, in little memory. Each piece is valid until the next
 * one is asked for. Throws K9082 for what no archive can hold.
 */
export async function* dumpNar(tree: Tree): AsyncGenerator<Uint8Array, void> {
  const batch = new Batch();
  const path = new TreePath();
  let openFolders = 0;
  const closeFolders = (depth: number) => {
    for (; openFolders > depth; openFolders--) addEnds(batch, openFolders - 1);
  };
  batch.add(narTokens.magic);
  for await (const node of tree) {
    closeFolders(node.depth);
    if (node.kind === "special") {
      path.enter(node);
      throw new NarError("K9082", `${path.text} is a device, a pipe or a socket`);
    }
    path.enter(node);
    addHead(batch, node);
    if (node.kind === "folder") openFolders++;
    if (node.kind === "file") {
      for await (const chunk of node.chunks) {
        if (chunk.length < largeBytes) batch.add(chunk);
        if (batch.isFull || (chunk.length >= largeBytes && !batch.isEmpty)) yield batch.take();
        if (chunk.length >= largeBytes) yield chunk;
      }
      batch.addPadding(node.sizeBytes);
    }
    if (node.kind !== "folder") addEnds(batch, node.depth);
    if (batch.isFull) yield batch.take();
  }
  closeFolders(0);
  yield batch.take();
}

/** The digest of a tree as `nix hash path` prints it: `sha256-` and base64. Throws K9082 for what no archive can hold. */
export async function narDigest(tree: Tree): Promise<string> {
  return await digestOf(dumpNar(tree));
}

/** The digest of an archive, which is that of its tree if it is one; `readNar` says whether it is. */
export async function digestOf(archive: Chunks): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of archive) hash.update(chunk);
  return `sha256-${hash.digest("base64")}`;
}

function addHead(batch: Batch, node: TreeNode): void {
  if (node.depth > 0) {
    batch.add(narTokens.entry);
    batch.addString(node.name);
    batch.add(narTokens.node);
  }
  if (node.kind === "folder") batch.add(narTokens.folder);
  else if (node.kind === "link") {
    batch.add(narTokens.link);
    batch.addString(node.target);
  } else if (node.kind === "file") {
    batch.add(narTokens.file);
    if (node.isExecutable) batch.add(narTokens.executable);
    batch.add(narTokens.contents);
    batch.addLength(node.sizeBytes);
  }
}

/** The end of a node and, but for the root, of the entry that holds it. */
function addEnds(batch: Batch, depth: number): void {
  batch.add(narTokens.end);
  if (depth > 0) batch.add(narTokens.end);
}

/** Bytes on their way out. Thousands of small pieces cost less together. */
class Batch {
  #bytes = Buffer.allocUnsafe(2 * batchBytes);
  #length = 0;

  get isFull(): boolean {
    return this.#length >= batchBytes;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  add(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  addString(bytes: Uint8Array): void {
    this.addLength(bytes.length);
    this.add(bytes);
    this.addPadding(bytes.length);
  }

  addLength(lengthBytes: number): void {
    this.#makeRoom(wordBytes);
    this.#bytes.writeUInt32LE(lengthBytes % 2 ** 32, this.#length);
    this.#bytes.writeUInt32LE(Math.floor(lengthBytes / 2 ** 32), this.#length + 4);
    this.#length += wordBytes;
  }

  addPadding(lengthBytes: number): void {
    const padding = paddingOf(lengthBytes);
    this.#makeRoom(padding);
    this.#bytes.fill(0, this.#length, this.#length + padding);
    this.#length += padding;
  }

  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(needed * 2);
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
