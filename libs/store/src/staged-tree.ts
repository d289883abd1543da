import {
  closeSync,
  constants,
  fchmodSync,
  fsync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";

import { required } from "@keelson/model";
import type { Tree, TreeFile } from "@keelson/nar";

import { type Folder, at, openFolder, pathOf, readEntries, syncFolder } from "./folder.ts";
import { refusedEntry, refusedPath } from "./store-error.ts";

const folderMode = 0o555;
const fileMode = 0o444;
const executableMode = 0o555;
const syncFile = promisify(fsync);

/** Writes a tree into an empty folder, syncs all of it, and then makes it read-only, the folder itself too. */
export async function writeTree(root: Folder, tree: Tree): Promise<void> {
  const open: Folder[] = [];
  const close = (depth: number) => {
    for (const folder of open.splice(depth)) {
      syncFolder(folder);
      fchmodSync(folder.fd, folderMode);
      folder[Symbol.dispose]();
    }
  };
  try {
    for await (const node of tree) {
      if (node.depth === 0) continue;
      close(node.depth - 1);
      const parent = open.at(-1) ?? root;
      const name = plainName(node.name);
      if (node.kind === "file") await writeFile(at(parent, name), node);
      else if (node.kind === "link") symlinkSync(Buffer.from(node.target), at(parent, name));
      else if (node.kind === "folder") {
        mkdirSync(at(parent, name), { mode: 0o700 });
        open.push(required(openFolder(parent, name), pathOf(parent, name)));
      } else throw refusedEntry(pathOf(parent, name), "a release has no device, pipe or socket");
    }
    close(0);
  } finally {
    for (const folder of open) folder[Symbol.dispose]();
  }
  syncFolder(root);
  fchmodSync(root.fd, folderMode);
}

/** A name that could lead elsewhere is none that Git has. */
function plainName(name: Uint8Array): Buffer {
  const bytes = Buffer.from(name);
  if ([".", "..", ""].includes(bytes.toString("latin1")) || bytes.includes("/") || bytes.includes(0))
    throw refusedPath(bytes.toString(), "it must be a plain name");
  return bytes;
}

async function writeFile(path: Buffer, { chunks, isExecutable }: TreeFile): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    for await (const chunk of chunks)
      for (let from = 0; from < chunk.length;) from += writeSync(fd, chunk, from);
    fchmodSync(fd, isExecutable ? executableMode : fileMode);
    // Not synchronous: a slow disk takes tens of milliseconds.
    await syncFile(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes the folder and all below it writable for its owner: without that nobody but root could remove it. */
export function makeRemovable(folder: Folder): void {
  fchmodSync(folder.fd, 0o700);
  for (const { name, kind } of readEntries(folder)) {
    if (kind !== "folder") continue;
    using inner = openFolder(folder, name);
    if (inner !== null) makeRemovable(inner);
  }
}
