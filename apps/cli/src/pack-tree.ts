import { type Tree, digestOf, dumpNar, findTreeFaults, readNar } from "@keelson/nar";
import { type ReleaseName, readReleaseName } from "@keelson/node";
import { FolderError, readArchive, writeArchive } from "@keelson/store/folder";

export interface Packing {
  /** Where the tree is. */
  shown: string;
  /** What the tree was a moment ago: a release without faults. */
  release: ReleaseName;
  /** The archive. */
  file: string;
}

/**
 * Writes the archive of a release and returns its digest. The archive itself is judged, because the folder may have changed since
 * its faults were looked for. Throws K9084 when it did; then there is no archive.
 */
export async function packTree(tree: Tree, { shown, release, file }: Packing): Promise<string> {
  const judge = async (draft: string) => {
    const packed = () => readNar(readArchive(draft), draft);
    const faults = await findTreeFaults(packed());
    const { name, version } = await readReleaseName(packed(), shown);
    if (faults.length > 0 || name !== release.name || version !== release.version)
      throw new FolderError(`${shown} changed while it was read`);
  };
  return await digestOf(writeArchive(file, { archive: dumpNar(tree), judge }));
}
