import { type LocalFiles, findLocalNames, findLocalReach } from "@keelson/manifest";
import type { Snapshot, SourceFile, SourceFiles } from "@keelson/model";

/** Deeper chains of files that name files are not followed; Compose itself includes files in fewer levels. */
const mostReadings = 12;

/** Reads the folders of the local packages that these environments name, what they reach, and nothing else of the revision. */
export async function readLocal(snapshot: Snapshot, environments: SourceFiles): Promise<LocalFiles> {
  const names = findLocalNames(environments);
  const listed = names.listed.length === 0 ? [] : await snapshot.listPaths(names.listed);
  const folders = names.foldersIn(listed);
  if (folders.length === 0) return { files: new Map(), listed };
  const files = new Map<string, SourceFile>();
  const asked = new Set<string>();
  let wanted = folders.map((folder) => `${folder}/`);
  for (let reading = 0; reading < mostReadings && wanted.length > 0; reading++) {
    for (const path of wanted) asked.add(path);
    for (const [path, file] of await snapshot.readFiles(wanted)) files.set(path, file);
    wanted = findLocalReach(files, { ...names, folders }).filter((path) => !asked.has(path));
  }
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
