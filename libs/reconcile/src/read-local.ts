import { type LocalFiles, findLocalNames, findLocalReach } from "@keelson/manifest";
import type { Snapshot, SourceFiles } from "@keelson/model";

import { readOnward } from "./read-onward.ts";

/** Reads the folders of the local packages that these environments name, what they reach, and nothing else of the revision. */
export async function readLocal(snapshot: Snapshot, environments: SourceFiles): Promise<LocalFiles> {
  const names = findLocalNames(environments);
  const listed = names.listed.length === 0 ? [] : await snapshot.listPaths(names.listed);
  const folders = names.foldersIn(listed);
  if (folders.length === 0) return { files: new Map(), listed };
  const files = await readOnward(snapshot, {
    start: folders.map((folder) => `${folder}/`),
    next: (read) => findLocalReach(read, folders),
  });
  const beside = folders.filter((folder) => !hasFilesIn(folder, files)).map(aboveOf);
  return { files, listed: beside.length === 0 ? listed : [...listed, ...(await snapshot.listPaths(beside))] };
}

function hasFilesIn(folder: string, files: SourceFiles): boolean {
  return [...files.keys()].some((path) => path.startsWith(`${folder}/`));
}

/** Where a folder that is not there would lie: what lies there may be what was meant. */
function aboveOf(folder: string): string {
  return folder.slice(0, folder.lastIndexOf("/") + 1);
}
