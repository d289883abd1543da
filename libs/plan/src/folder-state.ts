import {
  type BlockedChange,
  type Cause,
  type DesiredFile,
  type DesiredFolder,
  type DesiredInstance,
  type KnownFolder,
  type ObservedDataFolder,
  type PlacedLast,
  compareText,
  resourceIds,
  ownOf,
} from "@keelson/model";

import { isRenewed } from "./renewed.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** What is desired of a data folder, what lies there, and what is remembered of it. */
export interface FolderState {
  instance: DesiredInstance;
  folder: DesiredFolder;
  /** Undefined where nothing was ever there. */
  found: ObservedDataFolder | undefined;
  known: KnownFolder | undefined;
  /** A person lets its users begin without what was in it: what was placed there counts no more. */
  isAnew: boolean;
}

/** What is to be done about one data folder, and why. */
export interface FolderChange {
  state: FolderState;
  place: DesiredFile[];
  /** Content digests by path. */
  remove: [string, string][];
  causes: Cause[];
}

/** The data folders of an instance that is to have containers. */
export interface InstanceFolders {
  /** Those that can be made and changed. */
  usable: readonly FolderState[];
  blocked: readonly FolderState[];
  changes: readonly FolderChange[];
}

export interface FolderChanges {
  /** By instance. */
  instances: ReadonlyMap<string, InstanceFolders>;
  /** By resource id, what can be neither made nor changed. */
  blocked: ReadonlyMap<string, BlockedChange>;
}

export const noFolders: InstanceFolders = { usable: [], blocked: [], changes: [] };

export function findFolderStates(
  instance: DesiredInstance,
  { observed, record }: Pick<SimulatedNode, "observed" | "record">,
): FolderState[] {
  return instance.folders.map((folder) => {
    const found = findDataFolder(observed, { instance: instance.name, source: folder.source });
    const isEmpty = found === undefined || found.state === "absent" || found.state === "empty";
    const isAnew = isEmpty && isRenewed(instance, record);
    return { instance, folder, found, known: record.folders?.[found?.path ?? ""], isAnew };
  });
}

/** What lies where an instance has its data folder. */
export function findDataFolder(
  { dataFolders = [] }: Pick<SimulatedNode["observed"], "dataFolders">,
  of: { instance: string; source: string },
): ObservedDataFolder | undefined {
  return dataFolders.find((each) => isDataOf(each, of));
}

/** Whether that is what an instance is to have under its name of it. */
export function isDataOf(
  found: ObservedDataFolder,
  { instance, source }: { instance: string; source: string },
): boolean {
  return found.instance === instance && found.source === source && found.isFormer !== true;
}

export function resourceOf({ instance, folder }: Pick<FolderState, "instance" | "folder">): string {
  return resourceIds.folder(instance.project, folder.source);
}

export function isAbsent({ found }: Pick<FolderState, "found">): boolean {
  return found === undefined || found.state === "absent";
}

/** Whether it needs a file that no commit has, such as a secret: somebody has to put it there. */
export function isOwnFile({ folder }: Pick<FolderState, "folder">): boolean {
  return folder.kind === "file" && folder.files.length === 0;
}

/**
 * What becomes of a kept file. `right`: it lies there. `place`: it comes there, or in the place of what Keelson placed last.
 * `edited`: somebody has changed or removed what was placed last, and no commit asks for anything else. `contested`: a commit
 * asks for another file than the one that somebody has made there.
 */
export type KeptVerdict = "right" | "place" | "edited" | "contested";

export function judgeKept(file: DesiredFile, state: FolderState): KeptVerdict {
  const found = ownOf(state.found?.files, file.path);
  const last = ownOf(state.known?.placed, file.path);
  if (file.onChange === "seed") return found === undefined ? "place" : "right";
  const isRemoved = last?.whole === file.digest && !isAbsent(state) && !state.isAnew;
  if (found === undefined) return isRemoved ? "edited" : "place";
  if (found.contentDigest === file.contentDigest) {
    // What is the node's own, by its bytes, keeps its mode and owner until a commit changes those.
    const isAsBefore =
      last === undefined || last.whole === file.digest || last.content !== file.contentDigest;
    return isAsBefore || hasMode(file, found) ? "right" : "place";
  }
  if (last === undefined) return "contested";
  if (last.content === file.contentDigest) return "edited";
  return found.contentDigest === last.content ? "place" : "contested";
}

function hasMode(file: DesiredFile, found: { mode: number; uid: number; gid: number }): boolean {
  const hasOwner = file.owner === null || (file.owner.uid === found.uid && file.owner.gid === found.gid);
  return file.mode === found.mode && hasOwner;
}

/** Files that Keelson placed once, and that Git has no more. */
export interface DroppedFiles {
  /** Just as they were placed: they go. */
  removed: [string, PlacedLast][];
  /** Changed since: they stay, and are nobody's but the node's. */
  staying: string[];
}

export function findDropped({ folder, found, known }: FolderState): DroppedFiles {
  const wanted = new Set(folder.files.map(({ path }) => path));
  const dropped = Object.entries(known?.placed ?? {})
    .filter(([path]) => !wanted.has(path))
    .sort(([a], [b]) => compareText(a, b));
  const isAsPlaced = ([path, { content }]: [string, PlacedLast]) =>
    ownOf(found?.files, path)?.contentDigest === content;
  return {
    removed: dropped.filter(isAsPlaced),
    staying: dropped
      .filter((each) => ownOf(found?.files, each[0]) !== undefined && !isAsPlaced(each))
      .map(([path]) => path),
  };
}

/** A path in the folder, as the services' bind names it. */
export function boundPath({ source, kind }: DesiredFolder, path: string): string {
  if (kind === "file") return source;
  return source === "." ? path : `${source}/${path}`;
}
