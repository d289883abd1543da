import { readDocument } from "@keelson/manifest";
import { KeelsonError, Release, stalled } from "@keelson/model";
import type { Tree, TreeFile, TreeNode } from "@keelson/nar";

export interface ReleaseName {
  name: string;
  version: string;
}

/** More than a document may have; the reader of documents then says so. */
const mostBytes = 1024 * 1024;

/**
 * The name and the version in the release.yaml of a tree; `shown` is where the tree is. Throws K1004 when it has none, and the
 * code of the first problem when that cannot be read.
 */
export async function readReleaseName(tree: Tree, shown: string): Promise<ReleaseName> {
  const bytes = await readRootFile(tree, "release.yaml");
  if (bytes === null) {
    throw new KeelsonError({
      code: "K1004",
      message: `${shown} has no release.yaml, so it is no release`,
      hint: "Name the folder releases/NAME/VERSION of a state repository, or an archive of one.",
      outcome: stalled,
    });
  }
  const { value, problems } = readDocument({ path: "release.yaml", mode: "100644", bytes }, Release);
  if (value !== null) return { name: value.value.name, version: value.value.version };
  const [first] = problems;
  throw new KeelsonError({
    code: first?.code ?? "K1001",
    message: `release.yaml of ${shown} cannot be read: ${first?.message ?? "it is no document"}`,
    hint: first?.hint ?? "See all that is wrong with it: keelson check",
    outcome: stalled,
  });
}

async function readRootFile(tree: Tree, name: string): Promise<Uint8Array | null> {
  for await (const node of tree) {
    if (node.depth !== 1 || Buffer.from(node.name).toString() !== name) continue;
    return isFile(node) ? await bytesOf(node) : null;
  }
  return null;
}

function isFile(node: TreeNode): node is TreeNode & TreeFile {
  return node.kind === "file";
}

async function bytesOf({ chunks }: TreeFile): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    // A copy: the piece is valid until the next one is asked for.
    pieces.push(Buffer.from(chunk));
    length += chunk.length;
    if (length > mostBytes) break;
  }
  return Buffer.concat(pieces);
}
