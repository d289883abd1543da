import type { Snapshot, SourceFile, SourceFiles } from "@keelson/model";

/** Deeper chains of files that name files are not followed; Compose itself includes files in fewer levels. */
const mostReadings = 12;

/** Reads paths of a revision, and what the files that were read so far lead to, until that is nothing new. */
export async function readOnward(
  snapshot: Snapshot,
  { start, next }: { start: readonly string[]; next: (files: SourceFiles) => readonly string[] },
): Promise<SourceFiles> {
  const files = new Map<string, SourceFile>();
  const asked = new Set<string>();
  let wanted = [...start];
  for (let reading = 0; reading < mostReadings && wanted.length > 0; reading++) {
    for (const path of wanted) asked.add(path);
    for (const [path, file] of await snapshot.readFiles(wanted)) files.set(path, file);
    wanted = next(files).filter((path) => !asked.has(path));
  }
  return files;
}
