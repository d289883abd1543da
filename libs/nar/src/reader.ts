import { Inbox } from "./inbox.ts";
import { narTokens } from "./token.ts";
import { type Chunks, type TreeNode, nameText } from "./tree.ts";

/** NAME_MAX and PATH_MAX of Linux: no disk could hold more. */
const longestName = 255;
const longestPath = 4096;

/** More than all that stands between the contents of two files, but for the ends of folders. */
const longestHead = 8192;

/**
 * The tree of an archive, read as it comes, in little memory. It takes only what `dumpNar` writes, so that a tree has one
 * archive and one digest. Throws K9083 for anything else: padding that is not zero, entries in another order or twice,
 * names that are none, sizes that nothing can have, an archive that ends early or goes on.
 */
export async function* readNar(archive: Chunks): AsyncGenerator<TreeNode, void> {
  const inbox = new Inbox(archive);
  const folders = new OpenFolders();
  try {
    await inbox.ensure(longestHead);
    inbox.expect(narTokens.magic, "the beginning of a Nix archive");
    for (let name: Uint8Array | null = new Uint8Array(); name !== null;) {
      const { depth } = folders;
      const node = readHead(inbox, { depth, name });
      yield node;
      if (node.kind === "folder") folders.open(name);
      else {
        if (node.kind === "file") await inbox.endContent(node.sizeBytes);
        await inbox.ensure(longestHead);
        readEnds(inbox, depth);
      }
      name = await nextName(inbox, folders);
    }
    await inbox.expectEnd();
  } finally {
    await inbox.close();
  }
}

function readHead(inbox: Inbox, place: Pick<TreeNode, "depth" | "name">): TreeNode {
  if (inbox.takes(narTokens.folder)) return { ...place, kind: "folder" };
  if (inbox.takes(narTokens.link)) {
    const target = inbox.string("the target of a link", longestPath);
    if (target.length === 0 || target.includes(0)) throw inbox.fault("the target of a link is none");
    return { ...place, kind: "link", target };
  }
  inbox.expect(narTokens.file, "a file, a link or a folder");
  const isExecutable = inbox.takes(narTokens.executable);
  inbox.expect(narTokens.contents, "the content of a file");
  const sizeBytes = inbox.length();
  return { ...place, kind: "file", isExecutable, sizeBytes, chunks: inbox.content(sizeBytes) };
}

/** The end of a node and, but for the root, of the entry that holds it. */
function readEnds(inbox: Inbox, depth: number): void {
  inbox.expect(narTokens.end, "the end of a file, link or folder");
  if (depth > 0) inbox.expect(narTokens.end, "the end of an entry");
}

/** Goes to the next entry, past the ends of folders; null after the end of the root. */
async function nextName(inbox: Inbox, folders: OpenFolders): Promise<Uint8Array | null> {
  for (;;) {
    if (folders.depth === 0) return null;
    await inbox.ensure(longestHead);
    if (inbox.takes(narTokens.entry)) break;
    readEnds(inbox, folders.depth - 1);
    folders.close();
  }
  const name = inbox.string("a name", longestName);
  const fault = folders.next(name);
  if (fault !== null) throw inbox.fault(fault);
  inbox.expect(narTokens.node, "what an entry holds");
  return name;
}

/** The folders that the reader is in, each with the last name that was read in it. */
class OpenFolders {
  readonly #names: Uint8Array[] = [];
  readonly #last: (Uint8Array | null)[] = [];
  /** Of the path of the innermost folder, with a `/` after each name. */
  #pathBytes = 0;

  get depth(): number {
    return this.#names.length;
  }

  open(name: Uint8Array): void {
    this.#names.push(name);
    this.#last.push(null);
    this.#pathBytes += name.length + 1;
  }

  close(): void {
    this.#pathBytes -= (this.#names.pop()?.length ?? 0) + 1;
    this.#last.pop();
  }

  /** Takes the name of the next entry; returns what is wrong with it, or null. */
  next(name: Uint8Array): string | null {
    const last = this.#last.at(-1) ?? null;
    const shown = JSON.stringify(nameText(name));
    if (name.length === 0 || isDots(name) || name.includes(0) || name.includes(slash))
      return `${shown} is no name`;
    if (this.#pathBytes + name.length > longestPath) return `a path has more than ${longestPath} bytes`;
    const order = last === null ? -1 : Buffer.compare(last, name);
    if (order === 0) return `${shown} stands there twice`;
    if (order > 0) return `${shown} stands after ${JSON.stringify(nameText(last ?? name))}`;
    this.#last[this.#last.length - 1] = name;
    return null;
  }
}

const slash = 0x2f;
const dot = 0x2e;

/** `.` or `..` */
function isDots(name: Uint8Array): boolean {
  return name.length <= 2 && name.every((byte) => byte === dot);
}
