import {
  type Dirent,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  readdirSync,
  readlinkSync,
} from "node:fs";
import { isAscii } from "node:buffer";

import type { TreeNode } from "@keelson/nar";

import { changedMeanwhile, explained } from "./folder-error.ts";

/** One read takes this much; a file that is smaller is read at once. */
const bufferBytes = 256 * 1024;

/**
 * The tree of a folder as it lies on the disk, hidden files included. The folder itself may be named by a link; no link in it
 * is followed, since each folder is reached through its descriptor. The calls are synchronous because for thousands of small
 * files that takes a third of the time. Throws `FolderError` (K9084)
 * for what cannot be read, and for a file whose size changes meanwhile.
 */
export function* walkFolder(path: string): Generator<TreeNode, void> {
  const walk = new FolderWalk();
  try {
    walk.begin(path);
    yield { kind: "folder", depth: 0, name: new Uint8Array() };
    for (let node = walk.next(); node !== null; node = walk.next()) yield node;
  } finally {
    walk.close();
  }
}

interface OpenFolder {
  fd: number;
  /** For messages. */
  path: string;
  /** In reverse. Names are bytes, which need not be text. */
  entries: Dirent<Buffer>[];
}

/** The folders that the walk is in, the outermost first, and the file that it is at. */
class FolderWalk {
  readonly #open: OpenFolder[] = [];
  readonly #buffer = new Uint8Array(bufferBytes);
  #file: number | null = null;

  begin(root: string): void {
    try {
      this.#enter(root, { shown: root, flags: 0 });
    } catch (error) {
      throw explained(error, { shown: root, fault });
    }
  }

  /** The next node, after which the file of the one before cannot be read any more; null at the end. */
  next(): TreeNode | null {
    this.#closeFile();
    for (let folder = this.#open.at(-1); folder !== undefined; folder = this.#open.at(-1)) {
      const entry = folder.entries.pop();
      if (entry !== undefined) return this.#read(folder, entry);
      closeSync(folder.fd);
      this.#open.pop();
    }
    return null;
  }

  close(): void {
    this.#closeFile();
    for (const { fd } of this.#open.splice(0)) closeSync(fd);
  }

  #read(folder: OpenFolder, entry: Dirent<Buffer>): TreeNode {
    const { name } = entry;
    const depth = this.#open.length;
    // It leads to the entry whatever happens to the folder's own name (proc_pid_fd(5)).
    const path = `/proc/self/fd/${folder.fd}/${name.toString("latin1")}`;
    const at = isAscii(name) ? path : Buffer.from(path, "latin1");
    try {
      if (entry.isFile()) return this.#openFile(at, { folder, depth, name });
      if (entry.isDirectory()) {
        this.#enter(at, { shown: pathOf(folder, name), flags: constants.O_NOFOLLOW });
        return { kind: "folder", depth, name };
      }
      if (!entry.isSymbolicLink()) return { kind: "special", depth, name };
      return { kind: "link", target: readlinkSync(at, { encoding: "buffer" }), depth, name };
    } catch (error) {
      throw explained(error, { shown: pathOf(folder, name), fault });
    }
  }

  #enter(path: string | Buffer, { shown, flags }: { shown: string; flags: number }): void {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | flags);
    const folder: OpenFolder = { fd, path: shown, entries: [] };
    // Before it is listed, so that it is closed whatever happens.
    this.#open.push(folder);
    const entries = readdirSync(`/proc/self/fd/${fd}`, { withFileTypes: true, encoding: "buffer" });
    folder.entries = entries.sort((a, b) => Buffer.compare(b.name, a.name));
  }

  #openFile(
    at: string | Buffer,
    { folder, depth, name }: { folder: OpenFolder; depth: number; name: Buffer },
  ): TreeNode {
    // If it has become a link or a pipe meanwhile, opening it fails and does not wait.
    const fd = openSync(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    this.#file = fd;
    const status = fstatSync(fd);
    if (!status.isFile()) throw changedMeanwhile(pathOf(folder, name));
    const isExecutable = (status.mode & constants.S_IXUSR) !== 0;
    const { size: sizeBytes } = status;
    const chunks = new FileChunks({ fd, folder, name, sizeBytes, buffer: this.#buffer });
    return { kind: "file", isExecutable, sizeBytes, chunks, depth, name };
  }

  #closeFile(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }
}

interface OpenFile {
  fd: number;
  folder: OpenFolder;
  name: Buffer;
  sizeBytes: number;
  buffer: Uint8Array;
}

/** The content of a file, which can be read once. */
class FileChunks implements Iterable<Uint8Array>, Iterator<Uint8Array, void> {
  readonly #file: OpenFile;
  #left: number;
  #isOver = false;

  constructor(file: OpenFile) {
    this.#file = file;
    this.#left = file.sizeBytes;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Uint8Array, void> {
    const { fd, folder, name, buffer } = this.#file;
    if (this.#isOver) return { done: true, value: undefined };
    // One more than there should be, so that the end is seen.
    const asked = Math.min(buffer.length, this.#left + 1);
    const read = this.#read(fd, asked);
    this.#left -= read;
    if (this.#left < 0 || (read === 0 && this.#left > 0)) throw changedMeanwhile(pathOf(folder, name));
    this.#isOver = read < asked && this.#left === 0;
    return read === 0 ? { done: true, value: undefined } : { done: false, value: buffer.subarray(0, read) };
  }

  #read(fd: number, asked: number): number {
    const { folder, name, buffer } = this.#file;
    try {
      return readSync(fd, buffer, 0, asked, null);
    } catch (error) {
      throw explained(error, { shown: pathOf(folder, name), fault });
    }
  }
}

const fault = "cannot be read";

/** For messages only: to make it for each of thousands of files takes time. */
function pathOf(folder: OpenFolder, name: Buffer): string {
  return `${folder.path}/${name.toString()}`;
}
