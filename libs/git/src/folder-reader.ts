import { constants } from "node:fs";
import type { Dirent, Stats } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";

import { type KeelsonError, type SourceFile, stalled } from "@keelson/model";

import { checkPath, fileLimits, foldersAbove } from "./file-set.ts";
import type { FileSet, Wanted } from "./file-set.ts";
import { gitError, isAbsence, isSystemError } from "./git-error.ts";

export interface FolderReader {
  /**
   * Reads what lies at a path and announces it; null when nothing does, or only behind a symbolic link, or when it is too
   * large and stands in the set already.
   */
  readEntry: (path: string, files: FileSet) => Promise<SourceFile | null>;
  /** Lists the pipes, sockets and devices in the folders that the paths lie in. Git itself never lists one. */
  listSpecial: (paths: readonly string[]) => Promise<string[]>;
}

/** Reads files below a folder and follows no symbolic link there. Throws K2007, K2008, K2012. */
export function openFolder(root: string): FolderReader {
  const links = new Map<string, boolean>();

  const isLink = async (folder: string): Promise<boolean> => {
    const known = links.get(folder);
    if (known !== undefined) return known;
    const status = await lstat(join(root, folder));
    links.set(folder, status.isSymbolicLink());
    return status.isSymbolicLink();
  };

  /** A link may lead to the folder of another user. Git takes a path behind a link for deleted. */
  const isBehindLink = async (path: string): Promise<boolean> => {
    for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
      if (await isLink(path.slice(0, slash))) return true;
    }
    return false;
  };

  const readEntry = async (listed: string, files: FileSet): Promise<SourceFile | null> => {
    // `git ls-files` lists a repository inside this one as a folder.
    const path = listed.replace(/\/$/, "");
    checkPath(path);
    if (await isBehindLink(path)) return null;
    const full = join(root, path);
    const status = await lstat(full);
    const mode = modeOf(status);
    const sizeBytes = status.isFile() ? status.size : 0;
    if (files.announce({ path, mode, sizeBytes }) === null) return null;
    if (isSpecial(status)) return { path, mode, bytes: new Uint8Array(), special: true };
    if (mode === "160000") return { path, mode, bytes: new Uint8Array() };
    if (mode === "120000") return { path, mode, bytes: await readlink(full, { encoding: "buffer" }) };
    return { path, mode, bytes: await readRegularFile(full) };
  };

  const listSpecialIn = async (folder: string): Promise<string[]> => {
    if (await isBehindLink(folder)) return [];
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    return entries.filter(isSpecial).map(({ name }) => folder + name);
  };

  const whereThere = async <T>(path: string, read: () => Promise<T>): Promise<T | null> => {
    try {
      return await read();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (isAbsence(error)) return null;
      throw unreadable(join(root, path), error);
    }
  };

  return {
    readEntry: async (path, files) => whereThere(path, async () => readEntry(path, files)),
    listSpecial: async (paths) => {
      const found: string[] = [];
      for (const folder of new Set(paths.flatMap(foldersAbove)))
        found.push(...((await whereThere(folder, async () => listSpecialIn(folder))) ?? []));
      return found;
    },
  };
}

/** Lists the wanted files and links below a folder, without those of Git itself. Throws K2007, K2012. */
export async function listFolder(root: string, wanted: Wanted): Promise<string[]> {
  const found: string[] = [];
  const folders = [""];
  let seen = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((cause: unknown) => {
      throw unreadable(join(root, folder), cause);
    });
    for (const entry of entries) {
      const path = `${folder}${entry.name}`;
      if (entry.name === ".git") continue;
      if (entry.isDirectory()) {
        if (wanted.mayBeBelow(`${path}/`)) folders.push(`${path}/`);
      } else if (wanted.has(path)) found.push(path);
      if (++seen > fileLimits.files * 10) {
        throw gitError("K2007", { message: `${root} has more than ${fileLimits.files * 10} entries` });
      }
    }
  }
  return found;
}

function isSpecial(entry: Stats | Dirent): boolean {
  return !entry.isFile() && !entry.isDirectory() && !entry.isSymbolicLink();
}

function modeOf(status: Stats): SourceFile["mode"] {
  if (status.isSymbolicLink()) return "120000";
  if (status.isDirectory()) return "160000";
  return (status.mode & 0o100) === 0 ? "100644" : "100755";
}

async function readRegularFile(path: string): Promise<Uint8Array> {
  // If it has become a link or a pipe meanwhile, opening it fails and does not wait.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  await using file = await open(path, flags);
  return await file.readFile();
}

/** K2012 for what lies in a work tree. A command reads it once: no round follows. */
export function unreadable(path: string, cause: unknown): KeelsonError {
  return gitError("K2012", {
    message: `${path} cannot be read`,
    hint: "Check that you may read it, and that the disk is sound.",
    outcome: stalled,
    cause,
  });
}
