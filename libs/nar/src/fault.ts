import { foldName } from "./fold-name.ts";
import { type Tree, TreePath, decodeName } from "./tree.ts";

export type TreeFaultKind =
  | "not-a-folder"
  | "not-utf-8"
  | "collision"
  | "git-folder"
  | "absolute-link"
  | "leaving-link"
  | "special"
  | "empty-folder";

/** What a release's folder must not have, because it would not be the same everywhere. */
export interface TreeFault {
  /** Below the root; `.` for the root itself. */
  path: string;
  kind: TreeFaultKind;
  /** Completes the sentence that begins with the path. */
  message: string;
}

/**
 * What is wrong with a tree as the folder of a release, in the order of an archive. The same tree must come out of Git, of a
 * checkout on any disk and of an archive: names that some disks take for one, what Git does not hold, and links to what
 * is not in the tree have no place in it. Contents are not read.
 */
export async function findTreeFaults(tree: Tree): Promise<TreeFault[]> {
  const search = new FaultSearch();
  for await (const node of tree) {
    search.enter(node.depth);
    search.path.enter(node);
    if (node.depth === 0) {
      if (node.kind !== "folder") search.add("not-a-folder", "is not a folder");
    } else search.judgeName(node.name, node.depth);
    if (node.kind === "special") search.add("special", "is a device, a pipe or a socket");
    if (node.kind === "folder") search.openFolder();
    if (node.kind === "link") search.addLink(node.target);
  }
  search.enter(0);
  search.judgeLinks();
  return search.sorted();
}

interface OpenFolder {
  path: string;
  position: number;
  /** By what some disks take for the same. */
  names: Map<string, string>;
  isEmpty: boolean;
}

interface Link {
  /** The folders that it lies in. */
  folders: readonly string[];
  path: string;
  position: number;
  target: string;
}

class FaultSearch {
  readonly path = new TreePath();
  readonly #faults: (TreeFault & { position: number })[] = [];
  readonly #open: OpenFolder[] = [];
  readonly #links = new Map<string, Link>();
  #position = 0;

  /** Goes to the next node: the folders that it does not lie in have ended. */
  enter(depth: number): void {
    while (this.#open.length > depth) {
      const folder = this.#open.pop();
      if (folder?.isEmpty !== true) continue;
      this.#faults.push({
        path: folder.path,
        kind: "empty-folder",
        message: "is an empty folder, and Git has none",
        position: folder.position,
      });
    }
    this.#position++;
  }

  add(kind: TreeFaultKind, message: string): void {
    this.#faults.push({ path: this.path.text, kind, message, position: this.#position });
  }

  openFolder(): void {
    const { text: path } = this.path;
    this.#open.push({ path, position: this.#position, names: new Map(), isEmpty: true });
  }

  judgeName(bytes: Uint8Array, depth: number): void {
    const folder = this.#open[depth - 1];
    if (folder === undefined) return;
    folder.isEmpty = false;
    const name = decodeName(bytes);
    if (name === null) return this.add("not-utf-8", "has a name that is not UTF-8");
    const folded = foldName(name);
    if (folded === ".git") this.add("git-folder", "has a name that is Git's own");
    const other = folder.names.get(folded);
    folder.names.set(folded, other ?? name);
    if (other !== undefined) this.add("collision", `and ${JSON.stringify(other)} are one name on some disks`);
  }

  addLink(bytes: Uint8Array): void {
    const target = decodeName(bytes);
    const { text: path } = this.path;
    if (target === null) return this.add("not-utf-8", "leads to a name that is not UTF-8");
    if (target.startsWith("/"))
      this.add("absolute-link", `leads to the absolute path ${JSON.stringify(target)}`);
    const folders = path.split("/").slice(0, -1);
    this.#links.set(path, { folders, path, position: this.#position, target });
  }

  judgeLinks(): void {
    for (const link of this.#links.values()) {
      if (link.target.startsWith("/") || this.#staysInside(link)) continue;
      const message = `leads out of the folder, to ${JSON.stringify(link.target)}`;
      this.#faults.push({ path: link.path, kind: "leaving-link", message, position: link.position });
    }
  }

  /**
   * Walks as a disk does: `..` after a link is the folder above the one that the link leads to. A link on the way that is
   * absolute, or leads in a circle, is not this link's fault.
   */
  #staysInside(link: Link): boolean {
    const at = [...link.folders];
    const ahead = link.target.split("/").toReversed();
    for (let hops = 0; ahead.length > 0;) {
      const name = ahead.pop();
      if (name === undefined || name === "" || name === ".") continue;
      if (name === "..") {
        if (at.pop() === undefined) return false;
        continue;
      }
      const next = this.#links.get([...at, name].join("/"));
      if (next === undefined) at.push(name);
      else if (next.target.startsWith("/") || ++hops > mostHops) return true;
      else ahead.push(...next.target.split("/").toReversed());
    }
    return true;
  }

  sorted(): TreeFault[] {
    return this.#faults
      .toSorted((a, b) => a.position - b.position)
      .map(({ path, kind, message }) => ({ path, kind, message }));
  }
}

/** As many links as Linux follows in a path (path_resolution(7)). */
const mostHops = 40;
