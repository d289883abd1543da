/** Bytes in pieces. A piece is valid until the next one is asked for: whoever keeps it, copies it. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export interface TreeFile {
  kind: "file";
  isExecutable: boolean;
  /** What the chunks have together. */
  sizeBytes: number;
  /** To be read before the next node is asked for, once or not at all. */
  chunks: Chunks;
}

/** A symbolic link. */
export interface TreeLink {
  kind: "link";
  target: Uint8Array;
}

/** What is in it follows. */
export interface TreeFolder {
  kind: "folder";
}

/** What no archive holds: a device, a pipe, a socket. */
export interface TreeSpecial {
  kind: "special";
}

export type TreeNode = (TreeFile | TreeLink | TreeFolder | TreeSpecial) & {
  /** How many folders it lies in; 0 for the tree's own root. */
  depth: number;
  /** Bytes, which need not be UTF-8; empty for the root. */
  name: Uint8Array;
};

/**
 * A file, a link or a folder with all that is in it, in the order of an archive: a folder stands before what is in it, and
 * the entries of a folder are sorted by the bytes of their names.
 */
export type Tree = Iterable<TreeNode> | AsyncIterable<TreeNode>;

/** The names of the folders that a node lies in, and its own: what a path is made of. */
export class TreePath {
  readonly #names: Uint8Array[] = [];
  #depth = 0;

  /** Goes to the next node of a tree. */
  enter({ depth, name }: Pick<TreeNode, "depth" | "name">): void {
    if (depth > 0) this.#names[depth - 1] = name;
    this.#depth = depth;
  }

  /** Below the root, for people; `.` for the root itself. */
  get text(): string {
    return this.#depth === 0 ? "." : this.#names.slice(0, this.#depth).map(nameText).join("/");
  }
}

/** A name for people: where it is not UTF-8, its bytes beyond ASCII are written as `\xff`. */
export function nameText(name: Uint8Array): string {
  return (
    decodeName(name) ??
    [...name]
      .map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`))
      .join("")
  );
}

/** Null where a name is not UTF-8. */
export function decodeName(name: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(name);
  } catch {
    // The decoder's own error says nothing more than this.
    return null;
  }
}
