import { createHash } from "node:crypto";

import { cursorOf } from "./cursor.ts";
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
  const nodes = cursorOf(tree);
  try {
    for (;;) {
      const step = nodes.next();
      const { done, value: node } = step instanceof Promise ? await step : step;
      if (done === true) break;
      closeFolders(node.depth);
      path.enter(node);
      if (node.kind === "special") throw notArchived(path);
      addHead(batch, node);
      if (node.kind === "folder") openFolders++;
      if (node.kind === "file") {
        const chunks = cursorOf(node.chunks);
        for (;;) {
          const step = chunks.next();
          const { done, value: chunk } = step instanceof Promise ? await step : step;
          if (done === true) break;
          if (chunk.length < largeBytes) batch.add(chunk);
          if (batch.isFull || (chunk.length >= largeBytes && !batch.isEmpty)) yield batch.take();
          if (chunk.length >= largeBytes) yield chunk;
        }
        batch.addPadding(node.sizeBytes);
      }
      if (node.kind !== "folder") addEnds(batch, node.depth);
      if (batch.isFull) yield batch.take();
    }
  } finally {
    await nodes.return?.();
  }
  closeFolders(0);
  yield batch.take();
}

function notArchived(path: TreePath): NarError {
  return new NarError("K9082", `${path.text} is a device, a pipe or a socket`);
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

/** What stands before the name, the target or the content of a node. Written at once, since there are thousands of them. */
const heads = {
  file: Buffer.concat([narTokens.file, narTokens.contents]),
  executable: Buffer.concat([narTokens.file, narTokens.executable, narTokens.contents]),
  link: narTokens.link,
  folder: narTokens.folder,
};
const entryEnds = Buffer.concat([narTokens.end, narTokens.end]);

function addHead(batch: Batch, node: Exclude<TreeNode, { kind: "special" }>): void {
  if (node.depth > 0) {
    batch.add(narTokens.entry);
    batch.addString(node.name);
    batch.add(narTokens.node);
  }
  if (node.kind === "file") {
    batch.add(node.isExecutable ? heads.executable : heads.file);
    batch.addLength(node.sizeBytes);
  } else {
    batch.add(heads[node.kind]);
    if (node.kind === "link") batch.addString(node.target);
  }
}

/** The end of a node and, but for the root, of the entry that holds it. */
function addEnds(batch: Batch, depth: number): void {
  batch.add(depth > 0 ? entryEnds : narTokens.end);
}

/** Bytes on their way out. Thousands of small pieces cost less together. */
class Batch {
  #bytes = new Uint8Array(2 * batchBytes);
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

  /** Eight bytes, the lowest first. */
  addLength(lengthBytes: number): void {
    this.#makeRoom(wordBytes);
    for (let left = lengthBytes, count = 0; count < wordBytes; count++) {
      this.#bytes[this.#length++] = left % 256;
      left = Math.floor(left / 256);
    }
  }

  addPadding(lengthBytes: number): void {
    this.#makeRoom(wordBytes);
    for (let left = paddingOf(lengthBytes); left > 0; left--) this.#bytes[this.#length++] = 0;
  }

  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(needed * 2);
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
