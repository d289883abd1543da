import { lstat, mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { stalled } from "@keelson/model";

import { foreignCode, gitError, isAbsence, isSystemError } from "./git-error.ts";
import { runGit } from "./system-git.ts";
import { isKnownToGit } from "./work-tree.ts";

export interface NewWorkTree {
  /** Whether the folder was made a Git repository. */
  madeRepository: boolean;
  /** Paths in the folder. */
  written: string[];
  /** What was there already and was left alone. */
  left: string[];
}

/**
 * Makes a folder a work tree with the given files, by path: a Git repository whose branch is `main`, unless it lies in one
 * already. A file whose name is taken is left out. Throws K2004, K2010, and K2012 where it cannot be made. Nothing is written
 * where a folder of a file is a symbolic link, which may lead out, or no folder at all.
 */
export async function makeWorkTree(
  repository: string,
  files: ReadonlyMap<string, string>,
): Promise<NewWorkTree> {
  const root = resolve(repository);
  await requireFolders(root, [...files.keys()]);
  const made: NewWorkTree = { madeRepository: await makeRepository(root), written: [], left: [] };
  for (const [path, text] of files) {
    const isNew = await addFile(join(root, path), text);
    (isNew ? made.written : made.left).push(path);
  }
  return made;
}

/** Throws K2012 where something else than a folder, such as a link, stands on the way to a path of a work tree. */
export async function requireFolders(root: string, paths: readonly string[]): Promise<void> {
  const folders = paths.flatMap((path) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index)));
  for (const folder of new Set(folders)) {
    const place = join(root, folder);
    const kind = await translated(place, async () => kindOf(place));
    if (kind === null || kind === "folder") continue;
    throw gitError("K2012", {
      message:
        kind === "link"
          ? `${place} is a symbolic link, and nothing is written behind one`
          : `${place} is not a folder`,
      hint: "Remove it, or name another folder to write into.",
      outcome: stalled,
    });
  }
}

async function kindOf(place: string): Promise<"folder" | "link" | "other" | null> {
  try {
    const status = await lstat(place);
    return status.isDirectory() ? "folder" : status.isSymbolicLink() ? "link" : "other";
  } catch (error) {
    if (isAbsence(error)) return null;
    throw error;
  }
}

async function makeRepository(root: string): Promise<boolean> {
  await translated(root, async () => mkdir(root, { recursive: true }));
  if (await isKnownToGit(root)) return false;
  const args = ["init", "--quiet", "--initial-branch=main"];
  const end = await runGit({ at: ["-C", root], args, timeoutMs: 60_000, configuration: "user" });
  if (end.exitCode === 0) return true;
  throw gitError("K2012", {
    message: `git cannot make a repository of ${root}`,
    hint: "Mend what git names, or name another folder to write into.",
    outcome: stalled,
    cause: end.complaint,
  });
}

/** False where something has its name. */
async function addFile(target: string, text: string): Promise<boolean> {
  return await translated(target, async () => {
    await mkdir(dirname(target), { recursive: true });
    try {
      await writeFile(target, text, { flag: "wx" });
      return true;
    } catch (error) {
      if (foreignCode(error) === "EEXIST") return false;
      throw error;
    }
  });
}

async function translated<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw gitError("K2012", {
      message: `${path} cannot be written`,
      hint: "Name a folder in which you may write, on a disk that is not full.",
      outcome: stalled,
      cause: error,
    });
  }
}
