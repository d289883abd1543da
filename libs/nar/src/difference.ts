import { cursorOf } from "./cursor.ts";
import { type Chunks, type Tree, type TreeNode, TreePath } from "./tree.ts";

/**
 * How two trees differ at a path. `missing`: only the first tree has it; `extra`: only the second one does; `kind`: one has a
 * file there and the other a link, say; `target`: a link leads elsewhere.
 */
export type DifferenceKind = "kind" | "executable" | "content" | "target" | "missing" | "extra";

export interface Difference {
  /** Below the root; `.` for the root itself. */
  path: string;
  how: DifferenceKind;
}

/** The first path, in the order of an archive, at which a tree is not what was expected; null when there is none. */
export async function findFirstDifference(expected: Tree, found: Tree): Promise<Difference | null> {
  await using wanted = readerOf(expected);
  await using had = readerOf(found);
  const path = new TreePath();
  for (;;) {
    const [a, b] = [await wanted.next(), await had.next()];
    if (a === null && b === null) return null;
    const how = await howTheyDiffer(a, b);
    // Of two nodes at different places, the one that comes first in an archive is lacking in the other tree.
    const first = how === "extra" ? b : (a ?? b);
    if (first !== null) path.enter(first);
    if (how !== null) return { path: path.text, how };
  }
}

async function howTheyDiffer(a: TreeNode | null, b: TreeNode | null): Promise<DifferenceKind | null> {
  if (a === null) return "extra";
  if (b === null) return "missing";
  // Up to here the trees are equal. So the one that still has an entry where the other has left the folder is deeper.
  if (a.depth !== b.depth) return a.depth > b.depth ? "missing" : "extra";
  const order = Buffer.compare(a.name, b.name);
  if (order !== 0) return order < 0 ? "missing" : "extra";
  if (a.kind === "link" && b.kind === "link")
    return Buffer.compare(a.target, b.target) === 0 ? null : "target";
  if (a.kind !== "file" || b.kind !== "file") return a.kind === b.kind ? null : "kind";
  if (a.isExecutable !== b.isExecutable) return "executable";
  return a.sizeBytes === b.sizeBytes && (await hasSameBytes(a.chunks, b.chunks)) ? null : "content";
}

/** Whether two contents of the same size are equal. */
async function hasSameBytes(a: Chunks, b: Chunks): Promise<boolean> {
  await using left = readerOf(a);
  await using right = readerOf(b);
  let [ofLeft, ofRight]: (Uint8Array | null)[] = [null, null];
  for (;;) {
    ofLeft ??= await left.next();
    ofRight ??= await right.next();
    if (ofLeft === null || ofRight === null) return ofLeft === ofRight;
    const length = Math.min(ofLeft.length, ofRight.length);
    if (Buffer.compare(ofLeft.subarray(0, length), ofRight.subarray(0, length)) !== 0) return false;
    ofLeft = ofLeft.length === length ? null : ofLeft.subarray(length);
    ofRight = ofRight.length === length ? null : ofRight.subarray(length);
  }
}

interface Reader<T> extends AsyncDisposable {
  /** Null at the end. */
  next: () => Promise<T | null>;
}

function readerOf<T>(items: Iterable<T> | AsyncIterable<T>): Reader<T> {
  const cursor = cursorOf(items);
  return {
    next: async () => {
      const step = await cursor.next();
      return step.done === true ? null : step.value;
    },
    [Symbol.asyncDispose]: async () => {
      await cursor.return?.();
    },
  };
}
