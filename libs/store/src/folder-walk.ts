import {
  type Dirent,
  type Stats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  readdirSync,
  readlinkSync,
} from "node:fs";
import { getSystemErrorMessage } from "node:util";

import type { TreeNode } from "@keelson/nar";

/** Why a folder cannot be read. A plain error, so that this door loads nothing more. */
export class FolderWalkError extends Error {
  /** Of docs/errors.md. */
  readonly code = "K9084";

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "FolderWalkError";
  }
}

/** One read takes this much; a file that is smaller is read at once. */
const bufferBytes = 256 * 1024;

/**
 * The tree of a folder as it lies on the disk, hidden files included. The folder itself may be named by a link; no link in it
 * is followed, since each folder is reached through its descriptor. The calls are synchronous because for thousands of small
 * files that takes a third of the time. This door loads nothing but Node's own modules. Throws `FolderWalkError` (K9084)
 * for what cannot be read, and for a file whose size changes meanwhile.
 */
export function* walkFolder(path: string): Generator<TreeNode, void> {
  const walk = new FolderWalk(path);
  try {
    yield { kind: "folder", depth: 0, name: Buffer.alloc(0) };
    for (let entry = walk.next(); entry !== null; entry = walk.next()) yield* walk.readEntry(entry);
  } finally {
    walk.close();
  }
}

interface OpenFolder {
  fd: number;
  /** For messages. */
  path: string;
  /** In reverse, each name with a character for each byte, which sorts as the bytes do. */
  entries: Dirent[];
}

interface Entry {
  folder: OpenFolder;
  kind: Dirent;
  depth: number;
  /** Leads to the entry whatever happens to the folder's own name (proc_pid_fd(5)). */
  at: Buffer;
  name: Buffer;
}

/** The folders that the walk is in, the outermost first. */
class FolderWalk {
  readonly #open: OpenFolder[] = [];
  readonly #buffer = Buffer.allocUnsafe(bufferBytes);

  constructor(root: string) {
    this.#enter(root, { shown: root, flags: 0 });
  }

  next(): Entry | null {
    for (let folder = this.#open.at(-1); folder !== undefined; folder = this.#open.at(-1)) {
      const kind = folder.entries.pop();
      if (kind !== undefined) {
        const at = Buffer.from(`/proc/self/fd/${folder.fd}/${kind.name}`, "latin1");
        const name = Buffer.from(kind.name, "latin1");
        return { folder, kind, depth: this.#open.length, at, name };
      }
      closeSync(folder.fd);
      this.#open.pop();
    }
    return null;
  }

  *readEntry({ folder, kind, depth, at, name }: Entry): Generator<TreeNode, void> {
    const place = { depth, name };
    const shown = `${folder.path}/${name.toString()}`;
    if (kind.isDirectory()) {
      this.#enter(at, { shown, flags: constants.O_NOFOLLOW });
      yield { kind: "folder", ...place };
    } else if (kind.isSymbolicLink()) {
      yield {
        kind: "link",
        target: whileReading(shown, () => readlinkSync(at, { encoding: "buffer" })),
        ...place,
      };
    } else if (kind.isFile()) yield* this.#readFile(at, { shown, place });
    else yield { kind: "special", ...place };
  }

  close(): void {
    for (const { fd } of this.#open.splice(0)) closeSync(fd);
  }

  #enter(path: string | Buffer, { shown, flags }: { shown: string; flags: number }): void {
    whileReading(shown, () => {
      const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | flags);
      const folder: OpenFolder = { fd, path: shown, entries: [] };
      // Before it is listed, so that it is closed whatever happens.
      this.#open.push(folder);
      const entries = readdirSync(`/proc/self/fd/${fd}`, { withFileTypes: true, encoding: "latin1" });
      folder.entries = entries.sort((a, b) => (a.name < b.name ? 1 : -1));
    });
  }

  *#readFile(
    at: Buffer,
    { shown, place }: { shown: string; place: Pick<TreeNode, "depth" | "name"> },
  ): Generator<TreeNode, void> {
    // If it has become a link or a pipe meanwhile, opening it fails and does not wait.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const fd = whileReading(shown, () => openSync(at, flags));
    try {
      const status = whileReading(shown, () => fstatSync(fd));
      if (!status.isFile()) throw changed(shown);
      const isExecutable = (status.mode & constants.S_IXUSR) !== 0;
      const chunks = { [Symbol.iterator]: () => this.#readContent(fd, { shown, status }) };
      yield { kind: "file", isExecutable, sizeBytes: status.size, chunks, ...place };
    } finally {
      closeSync(fd);
    }
  }

  *#readContent(
    fd: number,
    { shown, status }: { shown: string; status: Stats },
  ): Generator<Uint8Array, void> {
    for (let left = status.size; ;) {
      // One more than there should be, so that the end is seen.
      const asked = Math.min(bufferBytes, left + 1);
      const read = whileReading(shown, () => readSync(fd, this.#buffer, 0, asked, null));
      left -= read;
      if (left < 0 || (read === 0 && left > 0)) throw changed(shown);
      if (read > 0) yield this.#buffer.subarray(0, read);
      if (read < asked && left === 0) return;
    }
  }
}

function whileReading<T>(shown: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw translate(shown, error);
  }
}

function translate(shown: string, error: unknown): unknown {
  const { code, errno, syscall } = systemErrorOf(error);
  if (errno === undefined) return error;
  if (code === "ELOOP" || code === "EINVAL") return changed(shown);
  // The system's words without its path, which would be that of a descriptor.
  const cause = new Error(`${syscall ?? "system call"}: ${getSystemErrorMessage(errno)}`);
  return new FolderWalkError(`${shown} cannot be read`, cause);
}

function systemErrorOf(error: unknown): { code?: unknown; errno?: number; syscall?: string } {
  if (!(error instanceof Error) || !("errno" in error) || typeof error.errno !== "number") return {};
  const code = "code" in error ? error.code : undefined;
  const syscall = "syscall" in error && typeof error.syscall === "string" ? { syscall: error.syscall } : {};
  return { code, errno: error.errno, ...syscall };
}

function changed(shown: string): FolderWalkError {
  return new FolderWalkError(`${shown} changed while it was read`);
}
