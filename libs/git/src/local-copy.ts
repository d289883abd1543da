import * as fs from "node:fs";
import { mkdir, open, readFile, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import { init, setConfig } from "isomorphic-git";

import { gitError, isSystemError } from "./git-error.ts";

/**
 * The ref of the node's copy that names the last commit received and verified. The objects of any other commit may
 * be incomplete; a copy without this ref is none.
 */
export const tipRef = "refs/heads/tracked";

const objectId = /^[0-9a-f]{40}$/;

export function isObjectId(text: string): boolean {
  return objectId.test(text);
}

/** The copy's verified commit; null when there is no copy. */
export async function readTip(gitDir: string): Promise<string | null> {
  try {
    const text = (await readFile(join(gitDir, tipRef), "utf8")).trim();
    return isObjectId(text) ? text : null;
  } catch (error) {
    if (isSystemError(error) && ["ENOENT", "ENOTDIR", "EISDIR"].includes(error.code ?? "")) return null;
    throw diskFailure(gitDir, error);
  }
}

/** Names the verified commit, in one step that a kill cannot split. */
export async function writeTip(gitDir: string, commit: string): Promise<void> {
  await onDisk(gitDir, async () => {
    const path = join(gitDir, tipRef);
    const temporary = join(gitDir, "tracked.tmp");
    await mkdir(dirname(path), { recursive: true });
    await using file = await open(temporary, "w");
    await file.writeFile(`${commit}\n`);
    await file.sync();
    await rename(temporary, path);
  });
}

/** Makes the copy count as none, so that the next round makes a new one. */
export async function dropTip(gitDir: string): Promise<void> {
  await onDisk(gitDir, () => rm(join(gitDir, tipRef), { force: true }));
}

/** Git's own measure of too many loose objects looks at one folder of 256 too (gc.auto of git-config(1)). */
const wornFolder = "17";
const maxObjectsInFolder = 8;

/** Whether a folder that only ever grows has some 2,000 loose objects, so that it is time for a new one. */
export async function isWorn(gitDir: string): Promise<boolean> {
  try {
    return (await readdir(join(gitDir, "objects", wornFolder))).length > maxObjectsInFolder;
  } catch (error) {
    if (isSystemError(error) && ["ENOENT", "ENOTDIR"].includes(error.code ?? "")) return false;
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

/** Where a new copy is made before it takes its place; what a killed round left there is of no use. */
export function incomingFolder(gitDir: string): string {
  return `${gitDir}.incoming`;
}

/** Puts the new copy in its place and removes the old one. */
export async function installIncoming(gitDir: string): Promise<void> {
  await onDisk(gitDir, async () => {
    const old = `${gitDir}.replaced`;
    await rm(old, { recursive: true, force: true });
    try {
      await rename(gitDir, old);
    } catch (error) {
      if (!isSystemError(error) || error.code !== "ENOENT") throw error;
    }
    await rename(incomingFolder(gitDir), gitDir);
    await rm(old, { recursive: true, force: true });
  });
}

export async function removeIncoming(gitDir: string): Promise<void> {
  await onDisk(gitDir, () => rm(incomingFolder(gitDir), { recursive: true, force: true }));
}

/** The error for a disk that refuses. */
export function diskFailure(gitDir: string, cause: unknown) {
  return gitError("K2012", {
    message: `the copy of the state repository in ${gitDir} cannot be used`,
    cause,
  });
}

async function onDisk<T>(gitDir: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw isSystemError(error) ? diskFailure(gitDir, error) : error;
  }
}
