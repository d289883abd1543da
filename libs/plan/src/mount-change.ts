import {
  type Cause,
  type ChangeClass,
  type DesiredFile,
  type DesiredInstance,
  type DesiredMount,
  type ObservedFile,
  type ObservedInstanceFiles,
  type ObservedNode,
  ownOf,
} from "@keelson/model";

import { fileCauses, someOf } from "./cause.ts";

/** What is to be done about one mount, and why. */
export interface MountChange {
  mount: DesiredMount;
  causes: Cause[];
  class: ChangeClass;
  /** Files, as `to`, that lie in the mount and are not, or no more, among its files. */
  strays: string[];
}

/** A file, and what the node has of its instance's files. */
export interface FileContext {
  file: DesiredFile;
  stored: ObservedInstanceFiles | undefined;
}

export function findStored(
  observed: ObservedNode,
  instance: DesiredInstance,
): ObservedInstanceFiles | undefined {
  return observed.storedInstances.find((stored) => stored.instance === instance.name);
}

/** Whether nothing is known of the files of an instance. */
export function hidesFiles(stored: ObservedInstanceFiles | undefined): boolean {
  return stored?.fault?.hides === "files";
}

/**
 * What a killed placement left, where nobody reads it: a folder in which files are prepared, or a generation of a folder
 * that was never switched to. It may hold secrets, and no program sees it.
 */
export function isDraft(path: string): boolean {
  return /^\.staging-|\/\.\.[^/]+$/.test(path);
}

/** All that is known to lie below the folder of an instance. */
export function placedPaths({ files, others }: ObservedInstanceFiles): string[] {
  return [...Object.keys(files), ...others];
}

/** Mounts whose files on disk are not byte for byte what is desired; none when they cannot be seen. */
export function findMountChanges(
  instance: DesiredInstance,
  { stored, observed }: { stored: ObservedInstanceFiles | undefined; observed: ObservedNode },
): MountChange[] {
  if (hidesFiles(stored)) return [];
  return instance.mounts.flatMap((mount) => {
    const path = stored === undefined ? null : `${stored.folder}/${mount.target}`;
    const isBound = observed.containers.some(({ binds }) => binds.some((bind) => bind === path));
    const strays = findStrays(mount, stored);
    const causes = [
      ...mount.files.flatMap((file) => placedCauses(mount, { file, stored, isBound })),
      ...someOf(strays.map((to) => strayCause(mount, { to, stored }))),
    ];
    return causes.length === 0 ? [] : [{ mount, causes, class: mountClass(mount), strays }];
  });
}

function placedCauses(mount: DesiredMount, context: FileContext & { isBound: boolean }): Cause[] {
  const { file, stored, isBound } = context;
  const found = findFile(mount, context);
  if (found !== undefined)
    return file.onChange === "seed" || isPlaced(file, found) || isOfProgram(mount, context)
      ? []
      : [differenceCause(mount, context)];
  const wasLoaded = loadedBy(mount, stored).some((loaded) => loaded[file.to] !== undefined);
  const wasThere = mount.layout === "content" ? isBound : wasLoaded;
  return [wasThere ? fileCauses.missing(file.to) : fileCauses.notPlaced(file.to)];
}

/** What was put where programs may write is theirs from then on, until it is to be another. */
function isOfProgram(mount: DesiredMount, { file, stored }: FileContext): boolean {
  const wasPlaced =
    mount.layout === "content" || loadedBy(mount, stored).some((loaded) => loaded[file.to] === file.digest);
  return mount.writable && wasPlaced;
}

/** A file that nobody has asked for since is drift; otherwise a commit explains the difference. */
function differenceCause(mount: DesiredMount, { file, stored }: FileContext): Cause {
  const loaded = loadedBy(mount, stored).map((each) => each[file.to]);
  const isDrift = mount.layout === "content" || loaded.includes(file.digest);
  return isDrift ? fileCauses.touched(file.to) : fileCauses.changed(file.to);
}

/** None where there is more than was looked at: that is told as it is, and nothing goes because of a part of it. */
function findStrays(mount: DesiredMount, stored: ObservedInstanceFiles | undefined): string[] {
  if (stored === undefined || stored.fault !== null) return [];
  const wanted = new Set(mount.files.map((file) => visiblePath(mount, file)));
  return placedPaths(stored)
    .filter((path) => path.startsWith(`${mount.target}/`) && !wanted.has(path) && !isDraft(path))
    .map((path) => `${mount.source}/${path.slice(mount.target.length + 1)}`)
    .sort();
}

function strayCause(
  mount: DesiredMount,
  { to, stored }: { to: string; stored: ObservedInstanceFiles | undefined },
): Cause {
  const wasOurs = loadedBy(mount, stored).some((loaded) => loaded[to] !== undefined);
  return wasOurs ? fileCauses.dropped(to) : fileCauses.added(to);
}

/** Digests by `to` of what each service of the mount has loaded. */
function loadedBy(
  mount: DesiredMount,
  stored: ObservedInstanceFiles | undefined,
): Readonly<Record<string, string>>[] {
  return mount.services.map((service) => ownOf(stored?.applied ?? undefined, service) ?? {});
}

/** What lies where a container sees a file. */
export function findFile(mount: DesiredMount, { file, stored }: FileContext): ObservedFile | undefined {
  return stored?.files[visiblePath(mount, file)];
}

/** Where a container sees a file, below the instance's folder. */
export function visiblePath(mount: DesiredMount, file: DesiredFile): string {
  return mount.kind === "file" ? mount.target : `${mount.target}/${file.path}`;
}

export function isPlaced(file: DesiredFile, found: ObservedFile): boolean {
  const hasOwner = file.owner === null || (file.owner.uid === found.uid && file.owner.gid === found.gid);
  return found.contentDigest === file.contentDigest && found.mode === file.mode && hasOwner;
}

function mountClass(mount: DesiredMount): ChangeClass {
  if (mount.layout === "content") return "live"; // a new path beside the old one
  if (mount.files.every((file) => file.onChange === "seed")) return "live";
  if (mount.layout === "live") return "restart";
  return mount.files.some((file) => file.onChange !== "none") ? "reload" : "live";
}
