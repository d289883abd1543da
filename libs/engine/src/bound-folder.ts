import type { BoundFolder } from "@keelson/model";
import type { VolumeInspectInfo } from "dockerode";

import { mapOf } from "./json-reader.ts";

/** By the names of volumes that give out a path of the host. */
export type BoundFolders = ReadonlyMap<string, BoundFolder>;

export function findBoundFolders(volumes: readonly VolumeInspectInfo[]): BoundFolders {
  return new Map(
    volumes.flatMap((volume) => {
      const bound = boundFolderOf(volume);
      return bound === null ? [] : [[volume.Name, bound] as const];
    }),
  );
}

/** With `o: bind` the engine's own driver mounts the device as it stands there, like a bind. */
export function boundFolderOf({ Driver: driver, Options: given }: VolumeInspectInfo): BoundFolder | null {
  const { o = "", device: path = "" } = mapOf(given);
  const options = o.split(",");
  const isBind = options.includes("bind") || options.includes("rbind");
  if (driver !== "local" || !isBind || !path.startsWith("/")) return null;
  return { path, readOnly: options.includes("ro") && !options.includes("rw") };
}

/** A mount as the engine lists it, of a container that runs or of one that does not. */
interface Mount {
  Type?: string | undefined;
  Name?: string | undefined;
  Driver?: string | undefined;
  Source: string;
  RW: boolean;
}

/** The paths of the host that a container gets: by a bind, by a volume with `o: bind`, or by a plugin that has its own place. */
export function hostPathsOf(mounts: readonly Mount[] | undefined, folders: BoundFolders): BoundFolder[] {
  return (mounts ?? []).flatMap(({ Type: type, Name: name = "", Driver: driver, Source: source, RW }) => {
    if (type === "bind") return [{ path: source, readOnly: !RW }];
    if (type !== "volume") return [];
    const folder = folders.get(name);
    if (folder !== undefined) return [{ ...folder, readOnly: folder.readOnly || !RW }];
    return driver === "local" || !source.startsWith("/") ? [] : [{ path: source, readOnly: !RW }];
  });
}
