import type { Cause, DesiredFile, DesiredInstance } from "@keelson/model";

import { because, fileCauses } from "./cause.ts";
import {
  type FolderState,
  type InstanceFolders,
  boundPath,
  findDropped,
  isAbsent,
  judgeKept,
} from "./folder-state.ts";
import { loadedDigest } from "./loaded-file.ts";

interface KeptContext {
  instance: DesiredInstance;
  folders: InstanceFolders;
  /** Digests by the path that the bind names, as the service has loaded them. */
  loaded: Readonly<Record<string, string>>;
}

interface ReactionContext extends KeptContext {
  /** Its containers were taken over: they run with what lies there. */
  isAdopted: boolean;
}

/** How a service is told of a change of its kept files, and why: of those that it has not loaded, and of those that went. */
export function findKeptReactions(
  service: string,
  { instance, folders, loaded, isAdopted }: ReactionContext,
): { onChange: DesiredFile["onChange"]; causes: readonly Cause[] }[] {
  return foldersOf(service, folders.usable).flatMap((state) => [
    { onChange: "restart" as const, causes: missingCauses(state) },
    ...state.folder.files
      .filter((file) => !(isAdopted && judgeKept(file, state) === "right"))
      .map((file) => ({ onChange: file.onChange, causes: loadCauses(file, loaded) })),
    { onChange: "restart" as const, causes: findGone(state, { instance, loaded }).map(fileCauses.dropped) },
  ]);
}

/** The kept files of a service by the path that the bind names: as they are to be, or as they are where nothing may change. */
export function desiredKeptFiles(
  service: string,
  { instance, folders, loaded }: KeptContext,
): Record<string, string> {
  const kept = foldersOf(service, folders.usable).flatMap(({ folder }) =>
    folder.files.map((file) => [file.to, loadedDigest(file)] as const),
  );
  const asBefore = foldersOf(service, folders.blocked).flatMap(({ folder }) =>
    Object.entries(loaded).filter(([to]) => sourceOf(to, instance) === folder.source),
  );
  return Object.fromEntries([...kept, ...asBefore]);
}

function foldersOf(service: string, states: readonly FolderState[]): FolderState[] {
  return states.filter(({ folder }) => folder.services.includes(service));
}

/** What runs still has the folder that was there: only a restart binds the one that is made in its place. */
function missingCauses(state: FolderState): Cause[] {
  return isAbsent(state) ? [because.lost(`data folder ${state.folder.source} is missing`)] : [];
}

function loadCauses(file: DesiredFile, loaded: KeptContext["loaded"]): Cause[] {
  const before = loaded[file.to];
  if (before === undefined) return [fileCauses.notLoaded(file.to)];
  return before === loadedDigest(file) ? [] : [fileCauses.changed(file.to)];
}

/** Loaded files that are kept no more, and that are not left on the node because somebody has changed them. */
function findGone(state: FolderState, { instance, loaded }: Omit<KeptContext, "folders">): string[] {
  const { folder } = state;
  const staying = findDropped(state).staying.map((path) => boundPath(folder, path));
  const there = new Set([...folder.files.map(({ to }) => to), ...staying]);
  return Object.keys(loaded)
    .filter((to) => !there.has(to) && sourceOf(to, instance) === folder.source)
    .sort();
}

/** The innermost bind that a file lies in. */
function sourceOf(to: string, { mounts, folders }: DesiredInstance): string | undefined {
  return [...mounts, ...folders]
    .map(({ source }) => source)
    .filter((source) => source === "." || to === source || to.startsWith(`${source}/`))
    .sort((a, b) => depthOf(a) - depthOf(b))
    .at(-1);
}

function depthOf(source: string): number {
  return source === "." ? 0 : source.split("/").length;
}
