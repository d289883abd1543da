import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { stalled } from "@keelson/model";

import { foreignCode, gitError, isSystemError } from "./git-error.ts";
import { runGit } from "./system-git.ts";
import { isKnownToGit } from "./work-tree.ts";

/**
 * Makes a folder a Git repository whose branch is `main`, unless it lies in a repository already; makes the folder, too.
 * Returns whether it made a repository. Throws K2004, K2010, and K2012 when it cannot be made.
 */
export async function makeWorkTree(repository: string): Promise<boolean> {
  const root = resolve(repository);
  await translated(root, async () => mkdir(root, { recursive: true }));
  if (await isKnownToGit(root)) return false;
  const args = ["init", "--quiet", "--initial-branch=main"];
  const end = await runGit({ at: ["-C", root], args, timeoutMs: 60_000, configuration: "user" });
  if (end.exitCode === 0) return true;
  throw gitError("K2012", {
    message: `git cannot make a repository of ${root}`,
    outcome: stalled,
    cause: end.complaint,
  });
}

/** Writes a file that is not there yet, and the folders above it; false where something has its name. Throws K2012. */
export async function addWorkTreeFile(
  repository: string,
  { path, text }: { path: string; text: string },
): Promise<boolean> {
  const target = join(resolve(repository), path);
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
