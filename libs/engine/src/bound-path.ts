import type { Engine } from "./engine.ts";
import { findBoundFolders, hostPathsOf } from "./bound-folder.ts";
import { listContainers } from "./container-list.ts";
import { listVolumes } from "./observed-volume.ts";

/**
 * The paths of the host that containers bind, themselves or by a volume, whoever made them and whether they run or not; sorted.
 * Throws K3001 when the engine does not answer and K3009 when a part cannot be read.
 */
export async function listBoundPaths(engine: Engine, { signal }: { signal: AbortSignal }): Promise<string[]> {
  const containers = await listContainers(engine, { signal });
  const { volumes } = await listVolumes(engine, signal);
  const folders = findBoundFolders(volumes);
  const paths = containers.flatMap(({ Mounts: mounts }) =>
    hostPathsOf(mounts, folders).map(({ path }) => path),
  );
  return [...new Set(paths)].sort();
}
