import * as fs from "node:fs";
import { access, mkdir, open, readFile, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import { init, setConfig } from "isomorphic-git";

import { gitError, isAbsence, isSystemError } from "./git-error.ts";
import { isObjectId } from "./object-id.ts";

/**
 * The ref of the node's copy that names the last commit received, verified and followed.
 * The objects of commits that no ref names may be incomplete.
 */
export const tipRef = "refs/heads/tracked";
/**
 * The last commit received whole and not followed, so that it is not fetched again and again. A copy without this and
 * the other is none.
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

/** Makes a ref name the commit, in one step that a kill cannot split; writes nothing when it does already. */
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

/** Makes the copy name no commit as followed. */
export async function dropTip(gitDir: string): Promise<void> {
  await onDisk(gitDir, () => rm(join(gitDir, tipRef), { force: true }));
}

/** Makes the copy count as none, so that the next round makes a new one. */
export async function disownCopy(gitDir: string): Promise<void> {
  await onDisk(gitDir, () => rm(join(gitDir, refusedRef), { force: true }));
  await dropTip(gitDir);
}

/** Puts the old copy back that a kill, just before the new one came into its place, has left beside it. */
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

/** So many packs are time for a new folder: each fetch brings one, and nothing ever joins them. */
export const maxPacks = 40;

/** How many packs a folder has. Throws the system's own error. */
export async function countPacks(gitDir: string): Promise<number> {
  const names = await readdir(join(gitDir, "objects", "pack"));
  return names.filter((name) => name.endsWith(".pack")).length;
}

/** Git's own measure of too many loose objects looks at one folder of 256 too (gc.auto of git-config(1)). */
const wornFolder = "17";
const maxObjectsInFolder = 8;

/** Whether a folder that only ever grows has some 2,000 loose objects, so that it is time for a new one. */
export async function isWorn(gitDir: string): Promise<boolean> {
  try {
    return (await readdir(join(gitDir, "objects", wornFolder))).length > maxObjectsInFolder;
  } catch (error) {
    if (isAbsence(error)) return false;
    throw diskFailure(gitDir, error);
  }
}

/** Makes an empty copy, in the place of whatever was there; returns its folder. */
export async function makeEmptyCopy(folder: string): Promise<string> {
  return await onDisk(folder, async () => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(dirname(folder), { recursive: true });
    // A state repository can be private.
    await mkdir(folder, { mode: 0o700 });
    const copy = { fs, dir: folder, gitdir: folder };
    await init({ ...copy, bare: true, defaultBranch: "tracked" });
    // isomorphic-git moves the refs that this names before their objects have come: it may move none.
    await setConfig({ ...copy, path: "remote.origin.fetch", value: "refs/none:refs/none" });
    return folder;
  });
}

/**
 * Puts a new copy in the place of the old one once `fill` has filled it. The old one stays until then, and for ever
 * when there will be none.
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

/** Removes what a round that was killed while it made a copy anew has left beside it: that may be as large as the copy. */
export async function removeUnfinished(gitDir: string): Promise<void> {
  await restoreCopy(gitDir);
  await onDisk(gitDir, async () => {
    const incoming = incomingOf(gitDir);
    for (const folder of [incoming, replacedOf(gitDir), inboxOf(gitDir), inboxOf(incoming)])
      await rm(folder, { recursive: true, force: true });
  });
}

/** Where the system's `git` fetches to. */
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

/** The error for a disk that refuses. */
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
