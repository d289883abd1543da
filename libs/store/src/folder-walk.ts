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
  /** Leads to the folder, whatever happens to its name (proc_pid_fd(5)), and ends with a slash. */
  place: string;
  entries: Entry[];
  /** The entry that is next, and where its name begins in the names of all. */
  next: number;
  nameAt: number;
  names: Uint8Array;
}

interface Entry extends Pick<Dirent, "isFile" | "isDirectory" | "isSymbolicLink"> {
  /** With a character for each byte, which sorts as the bytes do. Names need not be text. */
  name: string;
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
      const entry = folder.entries[folder.next++];
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

  #read(folder: OpenFolder, entry: Entry): TreeNode {
    const begin = folder.nameAt;
    folder.nameAt += entry.name.length;
    const name = folder.names.subarray(begin, folder.nameAt);
    const depth = this.#open.length;
    const path = folder.place + entry.name;
    const at = beyondAscii.test(entry.name) ? Buffer.from(path, "latin1") : path;
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
    const place = `${descriptors()}/${fd}/`;
    const folder = { fd, path: shown, place, entries: [], next: 0, nameAt: 0, names: new Uint8Array() };
    // Before it is listed, so that it is closed whatever happens.
    this.#open.push(folder);
    const entries = listEntries(place).sort((a, b) => (a.name < b.name ? -1 : 1));
    // At once, which takes less time than a buffer for each.
    const names = Buffer.from(entries.map(({ name }) => name).join(""), "latin1");
    Object.assign(folder, { entries, names });
  }

  #openFile(
    at: string | Buffer,
    { folder, depth, name }: { folder: OpenFolder; depth: number; name: Uint8Array },
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
  name: Uint8Array;
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

/**
 * The entries of a folder, in no order. Node makes and sorts strings in less time than buffers. But where a disk does not say
 * what an entry is, Node asks for it by its name, and only ASCII is the name as a string: all else is listed as bytes.
 */
function listEntries(path: string): Entry[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true, encoding: "latin1" });
    if (!entries.some(({ name }) => beyondAscii.test(name))) return entries;
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
  const entries = readdirSync(path, { withFileTypes: true, encoding: "buffer" });
  return entries.map((entry) => Object.assign(entry, { name: entry.name.toString("latin1") }));
}

/** Of an entry that Node asked for by another name, or of the folder itself: then listing it by bytes fails, too. */
function isAbsence(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** Where this process has its descriptors. `self` is a link, and to follow it for each of thousands of files takes time. */
function descriptors(): string {
  return `/proc/${readlinkSync("/proc/self")}/fd`;
}

const beyondAscii = /[\x80-\xff]/;

const fault = "cannot be read";

/** For messages only: to make it for each of thousands of files takes time. */
function pathOf(folder: OpenFolder, name: Uint8Array): string {
  return `${folder.path}/${Buffer.from(name).toString()}`;
}
