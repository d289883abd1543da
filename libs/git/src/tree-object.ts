import { gitError } from "./git-error.ts";

/** The bytes of a tree, and its id for messages. */
export interface TreeObject {
  oid: string;
  bytes: Uint8Array;
}

export interface TreeEntry {
  /** U+FFFD stands for what is not UTF-8. */
  name: string;
  /** As it stands there, such as `40000`. */
  mode: string;
  isFolder: boolean;
  oid: string;
}

/**
 * The entries of a tree object. Throws K2008 where they are not as Git writes them: sorted, each name once, none with a `/`.
 * Git reads other trees all the same. Then a file and a folder could have one path, or a file lie in a folder that there is not,
 * and a checkout is another tree than the commit.
 */
export function readTreeObject({ oid, bytes }: TreeObject): TreeEntry[] {
  const names = new Set<string>();
  let before = "";
  return [...rawEntries(bytes, oid.length / 2)].map(({ name: raw, ...entry }) => {
    const name = Buffer.from(raw, "latin1").toString("utf8");
    const shown = JSON.stringify(name);
    if (raw.includes("/")) throw badTree(oid, `an entry ${shown}: a name is no path`);
    if (names.has(raw)) throw badTree(oid, `the entry ${shown} twice`);
    names.add(raw);
    // Git sorts a folder as if its name had a slash at its end (git-fsck(1), treeNotSorted).
    const order = entry.isFolder ? `${raw}/` : raw;
    if (order < before) throw badTree(oid, `the entry ${shown} in the wrong place`);
    before = order;
    return { name, ...entry };
  });
}

/** `<mode> SP <name> NUL <object>` for each. Names have a character for each byte. */
function* rawEntries(bytes: Uint8Array, oidBytes: number): Generator<TreeEntry> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < buffer.length;) {
    const space = buffer.indexOf(" ", at);
    const end = buffer.indexOf(0, space);
    const next = end + 1 + oidBytes;
    if (space < 0 || end < 0 || next > buffer.length) throw new Error("a tree object ends early");
    const mode = buffer.toString("latin1", at, space);
    const name = buffer.toString("latin1", space + 1, end);
    yield { name, mode, isFolder: /^0?4/.test(mode), oid: buffer.toString("hex", end + 1, next) };
    at = next;
  }
}

function badTree(oid: string, has: string) {
  return gitError("K2008", {
    message: `the tree ${oid} has ${has}`,
    hint: "Git itself writes no such tree. Run git fsck, and commit the files anew with Git.",
  });
}
