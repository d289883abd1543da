import * as fs from "node:fs";
import { access, mkdir, open, readFile, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import { init, setConfig } from "isomorphic-git";

import { gitError, isAbsence, isSystemError } from "./git-error.ts";
import { isObjectId } from "./object-id.ts";

/**
 * The ref of the node's copy that names the last commit that was received, verified and followed. The objects of other
 * commits may be incomplete.
 */
export const tipRef = "refs/heads/tracked";
/**
 * The ref that names the last commit that was received whole and refused, so that it is not fetched again and again. A
 * copy that has neither of the two refs does not count as one.
 */
export const refusedRef = "refs/keelson/refused";

/** The commit that a ref of the copy names; null when there is no such ref or no copy. */
export async function readRef(gitDir: string, ref: string): Promise<string | null> {
  try {
    const text = (await readFile(join(gitDir, ref), "utf8")).trim();
    return isObjectId(text) ? text : null;
  } catch (error) {
    if (isSystemError(error) && ["ENOENT", "ENOTDIR", "EISDIR"].includes(error.code ?? "")) return null;
    throw diskFailure(gitDir, error);
  }
}

export interface CopyRef {
  gitDir: string;
  ref: string;
  commit: string;
}

/** Sets a ref to the commit, in one step that a kill cannot split. Writes nothing when the ref is there already. */
export async function writeRef({ gitDir, ref, commit }: CopyRef): Promise<void> {
  if ((await readRef(gitDir, ref)) === commit) return;
  await writeWhole(gitDir, { name: ref, text: `${commit}\n` });
}

/** Writes a file of the copy, in one step that a kill cannot split. */
export async function writeWhole(
  gitDir: string,
  { name, text }: { name: string; text: string },
): Promise<void> {
  await onDisk(gitDir, async () => {
    const path = join(gitDir, name);
    const temporary = join(gitDir, "ref.tmp");
    await mkdir(dirname(path), { recursive: true });
    await using file = await open(temporary, "w");
    await file.writeFile(text);
    await file.sync();
    await rename(temporary, path);
  });
}

/** Removes the ref to the commit that was followed last. */
export async function dropTip(gitDir: string): Promise<void> {
  await onDisk(gitDir, () => rm(join(gitDir, tipRef), { force: true }));
}

/** Removes both refs, so that the next round makes a new copy. */
export async function disownCopy(gitDir: string): Promise<void> {
  await onDisk(gitDir, () => rm(join(gitDir, refusedRef), { force: true }));
  await dropTip(gitDir);
}

/** Puts the old copy back in its place, where a kill came just before the new one could take that. */
export async function restoreCopy(gitDir: string): Promise<void> {
  await onDisk(gitDir, async () => {
    if (!(await isMissing(gitDir))) return;
    try {
      await rename(replacedOf(gitDir), gitDir);
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
  });
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await access(path);
    return false;
  } catch (error) {
    if (isAbsence(error)) return true;
    throw error;
  }
}

/** With so many packs it is time for a new folder: each fetch brings one, and nothing ever joins them. */
export const maxPacks = 40;

/** How many packs a folder has. Throws the system's own error. */
export async function countPacks(gitDir: string): Promise<number> {
  const names = await readdir(join(gitDir, "objects", "pack"));
  return names.filter((name) => name.endsWith(".pack")).length;
}

/**
 * One of the 256 folders of loose objects. Git too counts only this one to see whether there are too many (gc.auto).
 */
const wornFolder = "17";
const maxObjectsInFolder = 8;

/** Whether a folder has some 2,000 loose objects, so that it is time for a new one: nothing ever removes them. */
export async function isWorn(gitDir: string): Promise<boolean> {
  try {
    return (await readdir(join(gitDir, "objects", wornFolder))).length > maxObjectsInFolder;
  } catch (error) {
    if (isAbsence(error)) return false;
    throw diskFailure(gitDir, error);
  }
}

/** Makes an empty copy in place of whatever was there, and returns its folder. */
export async function makeEmptyCopy(folder: string): Promise<string> {
  return await onDisk(folder, async () => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(dirname(folder), { recursive: true });
    // A state repository can be private.
    await mkdir(folder, { mode: 0o700 });
    const copy = { fs, dir: folder, gitdir: folder };
    await init({ ...copy, bare: true, defaultBranch: "tracked" });
    // isomorphic-git moves the refs of this refspec before their objects have come, so it must name none.
    await setConfig({ ...copy, path: "remote.origin.fetch", value: "refs/none:refs/none" });
    return folder;
  });
}

/**
 * Makes a new copy, has `fill` fill it, and puts it in the place of the old one. The old one stays when `fill` throws.
 */
export async function replaceCopy<T>(gitDir: string, fill: (incoming: string) => Promise<T>): Promise<T> {
  const incoming = await makeEmptyCopy(incomingOf(gitDir));
  try {
    const filled = await fill(incoming);
    await onDisk(gitDir, () => install(incoming, gitDir));
    return filled;
  } catch (error) {
    await onDisk(gitDir, () => rm(incoming, { recursive: true, force: true }));
    throw error;
  }
}

/** Removes what a killed round has left beside the copy: an unfinished new copy may be as large as the old one. */
export async function removeUnfinished(gitDir: string): Promise<void> {
  await restoreCopy(gitDir);
  await onDisk(gitDir, async () => {
    const incoming = incomingOf(gitDir);
    for (const folder of [incoming, replacedOf(gitDir), inboxOf(gitDir), inboxOf(incoming)])
      await rm(folder, { recursive: true, force: true });
  });
}

/** The folder into which the system's `git` fetches. */
export function inboxOf(gitDir: string): string {
  return `${gitDir}.inbox`;
}

function incomingOf(gitDir: string): string {
  return `${gitDir}.incoming`;
}

function replacedOf(gitDir: string): string {
  return `${gitDir}.replaced`;
}

async function install(incoming: string, gitDir: string): Promise<void> {
  const old = replacedOf(gitDir);
  await rm(old, { recursive: true, force: true });
  try {
    await rename(gitDir, old);
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
  await rename(incoming, gitDir);
  await rm(old, { recursive: true, force: true });
}

/** K2012, for an error of the operating system. */
export function diskFailure(gitDir: string, cause: unknown) {
  return gitError("K2012", {
    message: `the copy of the state repository in ${gitDir} cannot be used`,
    cause,
  });
}

/** Runs an action on the copy. Throws K2012 for what the system refuses. */
export async function onDisk<T>(gitDir: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw isSystemError(error) ? diskFailure(gitDir, error) : error;
  }
}
