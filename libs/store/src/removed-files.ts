import { type RemoveFiles, modelFile } from "@keelson/model";

import { generationOf, isVisibleLink } from "./data-layout.ts";
import { openFolder, readEntries, syncFolder } from "./folder.ts";
import type { Folder } from "./folder.ts";
import { type Pace, newPace } from "./pace.ts";
import type { StoreContext } from "./placed-files.ts";
import { removeEntry } from "./removed-entry.ts";
import { isStaging } from "./staging.ts";
import { removalMs, unfinishedRemoval, whileWriting } from "./store-error.ts";
import { areaPartsOf, areas, instanceFolderOf, openInstance, openInstances } from "./store-path.ts";

/**
 * Removes the paths (below an area of the instance, its Compose file, a staging folder, or `.` for the whole instance) with all that they
 * hold, and folders that are empty then; what is not there is fine, and a generation that is in use stays. Throws K4002 to
 * K4004, K4006, the last before anything is removed if a path is not plain, and K4024 when its time was over before the end.
 */
export async function removeFiles(
  context: Pick<StoreContext, "stateDir">,
  operation: RemoveFiles,
): Promise<void> {
  const { instance } = operation;
  await whileWriting(`remove files of instance ${instance}`, async () => {
    const isWhole = operation.paths.includes(".");
    const drafts = operation.paths.filter(isStaging);
    const paths = operation.paths
      .filter((path) => path !== "." && path !== modelFile && !isStaging(path))
      .map(areaPartsOf);
    const pace = newPace(removalMs);
    if (isWhole) return await removeInstance(context.stateDir, { instance, pace });
    using folder = openInstance(context.stateDir, instance);
    if (folder === null) return;
    for (const name of drafts) await removeWhole(folder, { name, pace });
    if (operation.paths.includes(modelFile)) {
      await removeWhole(folder, { name: modelFile, pace });
      syncFolder(folder);
    }
    for (const [area, ...parts] of paths) {
      using areaFolder = openFolder(folder, area);
      if (areaFolder !== null) await removePath(areaFolder, { parts, pace });
    }
  });
}

/** With its notes, and with what a killed placement left. */
async function removeInstance(
  stateDir: string,
  { instance, pace }: { instance: string; pace: Pace },
): Promise<void> {
  instanceFolderOf(stateDir, instance);
  using instances = openInstances(stateDir);
  if (instances === null) return;
  {
    using folder = openFolder(instances, instance);
    if (folder === null) return;
    for (const { name, text } of readEntries(folder)) {
      // A foreign entry may be a person's copy of something.
      if (text !== null && isOwn(text)) await removeWhole(folder, { name, pace });
    }
    syncFolder(folder);
    if (!readEntries(folder).next().done) return;
  }
  await removeWhole(instances, { name: instance, pace });
  syncFolder(instances);
}

/** Areas, notes, and drafts of them. */
function isOwn(name: string): boolean {
  return areas.some((area) => area === name) || /^\.|^(?:applied|compose)\.json/.test(name);
}

async function removePath(
  folder: Folder,
  { parts, pace }: { parts: readonly string[]; pace: Pace },
): Promise<void> {
  const [name = "", ...rest] = parts;
  if (rest.length === 0) {
    // A generation that nothing led to when the plan was made can have been switched to since.
    if (name === generationOf(folder)) return;
    for (const each of namesOf(folder, name)) await removeWhole(folder, { name: each, pace });
  } else {
    using child = openFolder(folder, name);
    if (child === null) return;
    await removePath(child, { parts: rest, pace });
    if (await isSpent(child, pace)) await removeWhole(folder, { name, pace });
  }
  syncFolder(folder);
}

/** A path in a plan is text. For a name that is not UTF-8 it stands for every entry that is shown with that text. */
function namesOf(folder: Folder, name: string): (string | Buffer)[] {
  if (!name.includes("\ufffd")) return [name];
  return [...readEntries(folder)]
    .map((entry) => entry.name)
    .filter((bytes) => bytes.toString("utf8") === name);
}

async function removeWhole(
  folder: Folder,
  { name, pace }: { name: string | Buffer; pace: Pace },
): Promise<void> {
  if (!(await removeEntry(folder, { name, pace })))
    throw unfinishedRemoval(`${folder.path}/${name.toString()}`);
}

/** Removes what the `data` layout leaves after its last visible name; returns whether the folder is empty then. */
async function isSpent(folder: Folder, pace: Pace): Promise<boolean> {
  let isEmpty = true;
  for (const { text } of readEntries(folder)) {
    if (pace.isDue()) await pace.rest();
    if (text === null || !text.startsWith("..")) isEmpty = false;
    if (text !== null && isVisibleLink(folder, text)) return false;
  }
  let hadHidden = false;
  for (const { name, text } of readEntries(folder)) {
    if (text === null || !text.startsWith("..")) continue;
    await removeWhole(folder, { name, pace });
    hadHidden = true;
  }
  if (hadHidden) syncFolder(folder);
  return isEmpty;
}
