import type { RemoveFiles } from "@keelson/model";

import { generationOf, isVisibleLink } from "./data-layout.ts";
import { kindOf, listFolder, openFolder, removeEntry, syncFolder } from "./folder.ts";
import type { Folder } from "./folder.ts";
import type { StoreContext } from "./placed-files.ts";
import { whileWriting } from "./store-error.ts";
import { areaPartsOf, openInstance } from "./store-path.ts";

/**
 * Removes the paths (as a container sees them, below `files/` or `live/` of the instance) and folders that are empty
 * then; what is not there is fine. Throws K4002 to K4004 and K4006, the last before anything is removed if a path is
 * not plain.
 */
export async function removeFiles(
  context: Pick<StoreContext, "stateDir">,
  operation: RemoveFiles,
): Promise<void> {
  const { instance } = operation;
  await whileWriting(`remove files of instance ${instance}`, () => {
    const paths = operation.paths.map(areaPartsOf);
    using folder = openInstance(context.stateDir, instance);
    if (folder === null) return;
    for (const [area, ...parts] of paths) {
      using areaFolder = openFolder(folder, area);
      if (areaFolder !== null) removePath(areaFolder, parts);
    }
  });
}

function removePath(folder: Folder, [name = "", ...rest]: readonly string[]): void {
  if (rest.length === 0) {
    removeEntry(folder, name);
  } else if (isVisibleLink(folder, name)) {
    removeBehindLink(folder, [name, ...rest]);
  } else {
    using child = openFolder(folder, name);
    if (child === null) return;
    removePath(child, rest);
    if (isSpent(child)) removeEntry(folder, name);
  }
  syncFolder(folder);
}

/** A visible folder of the `data` layout: what lies in the generation goes, then the link to what is gone. */
function removeBehindLink(folder: Folder, [name = "", ...rest]: readonly string[]): void {
  const generationName = generationOf(folder);
  using generation = generationName === null ? null : openFolder(folder, generationName);
  if (generation !== null) removePath(generation, [name, ...rest]);
  if (generation === null || kindOf(generation, name) === null) removeEntry(folder, name);
}

/** Clears what the `data` layout leaves when its last visible name has gone, and says whether the folder is empty. */
function isSpent(folder: Folder): boolean {
  const isHidden = ({ text }: { text: string }) => text.startsWith("..");
  const entries = listFolder(folder);
  const hidden = entries.filter(isHidden);
  const visible = entries.filter((entry) => !isHidden(entry));
  if (!visible.some(({ text }) => isVisibleLink(folder, text))) {
    for (const { name } of hidden) removeEntry(folder, name);
    if (hidden.length > 0) syncFolder(folder);
  }
  return visible.length === 0;
}
