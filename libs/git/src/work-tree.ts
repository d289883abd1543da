import { lstat, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { type Snapshot, compareText } from "@keelson/model";

import { type FileLimit, FileSet, Wanted, checkPath } from "./file-set.ts";
import { listFolder, openFolder } from "./folder-reader.ts";
import { isSystemError } from "./git-error.ts";
import { noRepository } from "./read-commit.ts";
import { runGit } from "./system-git.ts";
import type { SystemGitEnd } from "./system-git.ts";

const timeoutMs = 60_000;

/**
 * Returns the files of a folder as they lie there, tracked or not, without those that Git ignores. Of a folder that
 * belongs to no repository it returns all files. A symbolic link is an entry of its own and is never followed. Throws
 * K2004 when there is no such folder; its `readFiles` throws K2004, K2005, K2007, K2008, K2010 and K2012.
 */
export async function readWorkTree(repository: string, limit: FileLimit = {}): Promise<Snapshot> {
  const root = resolve(repository);
  const known = await isKnownToGit(root);
  const list = async (asked: readonly string[]) => {
    const wanted = new Wanted(asked);
    return known ? listKnown(root, wanted) : listFolder(root, wanted);
  };
  return {
    commit: "worktree",
    ref: "worktree",
    subject: "",
    author: "",
    committedAt: null,
    listPaths: async (asked) => {
      const deleted = new Set(known ? await listDeleted(root) : []);
      const paths = (await list(asked)).filter((path) => !deleted.has(path));
      paths.forEach(checkPath);
      return paths.sort(compareText);
    },
    listIgnored: async (asked) => (known ? listIgnored(root, asked) : []),
    readFiles: async (asked) => {
      const paths = await list(asked);
      const files = new FileSet(limit);
      const folder = openFolder(root);
      for (const path of paths) {
        const file = await folder.readEntry(path, files);
        if (file !== null) files.add(file);
      }
      return files.toMap();
    },
  };
}

/**
 * Returns the sorted paths below the folder that differ from the last commit, or that Git neither tracks nor ignores;
 * none for a bare repository. Writes nothing, not even Git's index. Throws K2004, K2005, K2010.
 */
export async function listDirtyPaths(repository: string): Promise<string[]> {
  const root = resolve(repository);
  const place = await git(root, ["rev-parse", "--is-inside-work-tree", "--show-prefix"]);
  const [inside = "", prefix = ""] = place.stdout.toString("utf8").split("\n");
  if (inside !== "true") return [];
  // To see changes inside a submodule Git would have to run there, and they do not belong to this repository.
  const options = [
    "--porcelain=v1",
    "-z",
    "--untracked-files=all",
    "--no-renames",
    "--ignore-submodules=dirty",
  ];
  const { stdout } = await git(root, ["status", ...options, "--", "."]);
  // `XY SP <path from the repository's root> NUL` (git-status(1)).
  const lines = stdout.toString("utf8").split("\0");
  const paths = lines.filter((line) => line !== "").map((line) => line.slice(3 + prefix.length));
  return [...new Set(paths)].sort();
}

/** Throws K2004 where the folder is in no Git repository, K2005 and K2010. */
export async function requireRepository(repository: string): Promise<void> {
  await git(resolve(repository), ["rev-parse", "--git-dir"]);
}

/** Whether Git decides which files the folder has. It does not when a repository around the folder ignores it. */
export async function isKnownToGit(root: string): Promise<boolean> {
  try {
    if (!(await stat(root)).isDirectory()) throw noRepository(root, undefined);
  } catch (error) {
    throw isSystemError(error) ? noRepository(root, error) : error;
  }
  if (await exists(join(root, ".git"))) return true;
  for (let folder = dirname(root); ; folder = dirname(folder)) {
    if (await exists(join(folder, ".git"))) break;
    if (folder === dirname(folder)) return false;
  }
  const args = ["check-ignore", "--quiet", "--", `./${basename(root)}`];
  const { exitCode } = await runGit({ at: ["-C", dirname(root)], args, timeoutMs, configuration: "user" });
  return exitCode !== 0;
}

async function listKnown(root: string, wanted: Wanted): Promise<string[]> {
  const options = ["-z", "--cached", "--others", "--exclude-standard"];
  const { stdout } = await git(root, [
    "--literal-pathspecs",
    "ls-files",
    ...options,
    "--",
    ...wanted.pathspecs,
  ]);
  // A path in conflict is listed once for each side.
  const listed = new Set(stdout.toString("utf8").split("\0"));
  const paths = [...listed].filter((path) => path !== "" && wanted.has(path));
  const special = await openFolder(root).listSpecial(paths);
  return [...new Set([...paths, ...special.filter((path) => wanted.has(path))])];
}

async function listIgnored(root: string, paths: readonly string[]): Promise<string[]> {
  if (paths.length === 0) return [];
  const options = ["-z", "--others", "--ignored", "--exclude-standard"];
  const { stdout } = await git(root, ["--literal-pathspecs", "ls-files", ...options, "--", ...paths]);
  const listed = new Set(stdout.toString("utf8").split("\0"));
  return paths.filter((path) => listed.has(path));
}

/** What Git's index has, and the work tree has not. */
async function listDeleted(root: string): Promise<string[]> {
  const { stdout } = await git(root, ["ls-files", "-z", "--deleted"]);
  return stdout.toString("utf8").split("\0");
}

async function git(root: string, args: readonly string[]): Promise<SystemGitEnd> {
  const end = await runGit({ at: ["-C", root], args, timeoutMs, configuration: "user" });
  if (end.exitCode !== 0) throw noRepository(root, end.complaint);
  return end;
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}
