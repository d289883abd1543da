import { compareText, defaultFileBytes } from "@keelson/model";
import type { SourceFile, SourceFiles } from "@keelson/model";

import { gitError } from "./git-error.ts";

/** What one reading of files may bring; a file is left out alone, all of them together are an error. */
export const fileLimits = {
  fileBytes: defaultFileBytes,
  totalBytes: 64 * 1024 * 1024,
  files: 20_000,
} as const;

/** No system can check out a longer path (PATH_MAX). Nested folders make very long paths of a few bytes. */
const longestPath = 4096;

/** An entry of a tree before its bytes are read, with its size if that is known already. */
export interface FileEntry {
  path: string;
  mode: SourceFile["mode"];
  sizeBytes?: number;
}

/** The size of a file that is still read; the default unless told. */
export interface FileLimit {
  fileBytes?: number;
}

/** The mode of an entry; Git reads odd permissions of old trees as one of these too (git-fast-import(1), `M`). */
export function fileMode(mode: string): SourceFile["mode"] {
  if (mode === "160000" || mode === "120000") return mode;
  return (Number.parseInt(mode, 8) & 0o100) === 0 ? "100644" : "100755";
}

/** What is asked for: files by their paths, and all that is below folders, which have a `/` at their end; empty for everything. */
export class Wanted {
  readonly #files: ReadonlySet<string>;
  readonly #folders: ReadonlySet<string>;
  /** The folders above what is asked for. */
  readonly #above: ReadonlySet<string>;

  constructor(paths: readonly string[]) {
    this.#files = new Set(paths.filter((path) => path !== "" && !path.endsWith("/")));
    this.#folders = new Set(paths.filter((path) => path === "" || path.endsWith("/")));
    this.#above = new Set(paths.flatMap(foldersAbove));
  }

  has(path: string): boolean {
    return this.#files.has(path) || this.#isBelow(path);
  }

  /** Whether something of it can be below a folder, written with a `/` at its end. */
  mayBeBelow(folder: string): boolean {
    return this.#above.has(folder) || this.#folders.has(folder) || this.#isBelow(folder);
  }

  /** Paths for Git that together hold everything; none for the whole tree. */
  get pathspecs(): string[] {
    return this.#folders.has("") ? [] : [...this.#folders, ...this.#files];
  }

  #isBelow(path: string): boolean {
    return this.#folders.has("") || foldersAbove(path).some((folder) => this.#folders.has(folder));
  }
}

/** `a/`, `a/b/` and so on. */
export function foldersAbove(path: string): string[] {
  return [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1));
}

/**
 * Throws K2008 for a path that could lead out of a folder or deceive a reader. Git makes no such paths, but a server
 * can send them.
 */
export function checkPath(path: string): void {
  if (Buffer.byteLength(path) > longestPath) {
    const message = `the path ${JSON.stringify(path.slice(0, 80))}... has more than ${longestPath} bytes`;
    throw gitError("K2008", { message });
  }
  const parts = path.split("/");
  const climbs = parts.some((part) => part === "" || part === "." || part === ".." || isGitsOwn(part));
  // U+FFFD stands for bytes that are not UTF-8: two different names could become the same.
  // oxlint-disable-next-line no-control-regex -- control characters are what must be found
  if (climbs || /[\u0000-\u001f\u007f\\\ufffd]/.test(path)) {
    throw gitError("K2008", { message: `the path ${JSON.stringify(path)} is not permitted` });
  }
}

/** What some disk takes for `.git`: macOS passes over some characters, Windows the end, streams and short names. */
function isGitsOwn(name: string): boolean {
  const seen = name.replaceAll(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, "").split(":", 1)[0] ?? "";
  return /^(?:\.git|\.?git~[1-9])[. ]*$/i.test(seen);
}

/**
 * Collects files within the limits; one over its own is there without its bytes, so that it hides nothing else. Throws
 * K2007 naming the path with which there are too many, K2008 for a bad path.
 */
export class FileSet {
  readonly #files = new Map<string, SourceFile>();
  readonly #announced = new Set<string>();
  readonly #limitBytes: number;
  #announcedBytes = 0;
  #totalBytes = 0;

  constructor({ fileBytes }: FileLimit = {}) {
    this.#limitBytes = fileBytes ?? fileLimits.fileBytes;
  }

  /** Checks an entry before its bytes are read. One that is too large is taken without them, and null. */
  announce<Entry extends FileEntry>(entry: Entry): Entry | null {
    const { path, mode, sizeBytes = 0 } = entry;
    checkPath(path);
    if (this.#announced.has(path)) {
      throw gitError("K2008", { message: `the path ${JSON.stringify(path)} stands there twice` });
    }
    this.#announced.add(path);
    const isTooLarge = sizeBytes > this.#limitBytes;
    if (!isTooLarge) this.#announcedBytes += sizeBytes;
    checkTotal(path, { files: this.#announced.size, bytes: this.#announcedBytes });
    if (isTooLarge) this.#leaveOut({ path, mode, sizeBytes });
    return isTooLarge ? null : entry;
  }

  /** Takes an announced file. */
  add(file: SourceFile): void {
    const sizeBytes = file.bytes.length;
    if (sizeBytes > this.#limitBytes) return this.#leaveOut({ ...file, sizeBytes });
    this.#totalBytes += sizeBytes;
    checkTotal(file.path, { files: this.#files.size, bytes: this.#totalBytes });
    this.#files.set(file.path, file);
  }

  #leaveOut({ path, mode, sizeBytes }: Required<FileEntry>): void {
    const tooLarge = { sizeBytes, limitBytes: this.#limitBytes };
    this.#files.set(path, { path, mode, bytes: new Uint8Array(), tooLarge });
  }

  /** Sorted by path. */
  toMap(): SourceFiles {
    return new Map([...this.#files].sort(([a], [b]) => compareText(a, b)));
  }
}

function checkTotal(path: string, { files, bytes }: { files: number; bytes: number }): void {
  if (files > fileLimits.files) {
    throw gitError("K2007", {
      message: `${path} is one file too many: at most ${fileLimits.files} are read`,
    });
  }
  if (bytes > fileLimits.totalBytes) {
    const message = `with ${path} the files have more than ${fileLimits.totalBytes} bytes: no more are read`;
    throw gitError("K2007", { message });
  }
}
