import {
  type Cause,
  type DesiredFile,
  type DesiredInstance,
  type DesiredMount,
  type DesiredService,
  type ObservedFile,
  type ObservedInstanceFiles,
  digestValue,
} from "@keelson/model";

import { because, fileCauses, someOf, uniqueCauses } from "./cause.ts";
import { isTakenOver } from "./former-file.ts";
import type { InstanceFolders } from "./folder-state.ts";
import { desiredKeptFiles, findKeptReactions } from "./kept-file.ts";
import { loadedDigest, loadedFiles } from "./loaded-file.ts";
import type { ServiceContainers } from "./service-containers.ts";
import { type MountChange, findFile, isPlaced } from "./mount-change.ts";

/** What a running service must do to have its live files, and why. */
export interface LiveChange {
  readonly restart: readonly Cause[];
  readonly signals: readonly { signal: string; causes: readonly Cause[] }[];
  readonly commands: readonly { command: readonly string[]; causes: readonly Cause[] }[];
  /**
   * By `to`, digests of what it may have loaded from files that were touched by hand. Noted before they are put
   * right: afterwards nothing would tell that it still has to be told.
   */
  readonly doubts: Readonly<Record<string, string>>;
}

export interface LiveContext {
  instance: DesiredInstance;
  /** Of the service. */
  containers: Pick<ServiceContainers, "kept">;
  folders: InstanceFolders;
  stored: ObservedInstanceFiles | undefined;
  mountChanges: readonly MountChange[];
}

/** The live files of a service by `to`, as they are to be, with those that are kept in data folders. */
export function desiredLiveFiles(
  service: DesiredService,
  { instance, containers, folders, stored }: Omit<LiveContext, "mountChanges">,
): Record<string, string> {
  const mounts = mountsOf(service, { instance, containers }).filter((mount) => mount.layout !== "content");
  const placed = mounts.flatMap((mount) => mount.files.map((file) => [file.to, loadedDigest(file)]));
  const loaded = loadedFiles(service, stored);
  return { ...Object.fromEntries(placed), ...desiredKeptFiles(service.name, { instance, folders, loaded }) };
}

/** Whether a service is told of the file's changes at all. */
function isTold({ onChange }: Pick<DesiredFile, "onChange">): boolean {
  return onChange !== "none" && onChange !== "seed";
}

/** What a service that keeps its containers must do: for every file that it has not loaded, or that was touched by hand. */
export function findLiveChange(service: DesiredService, context: LiveContext): LiveChange {
  const loaded = loadedFiles(service, context.stored);
  const found = mountsOf(service, context).map((mount) => ({
    reactions: findReactions(mount, { ...context, loaded }),
    doubts: findDoubts(mount, { ...context, loaded }),
  }));
  const isAdopted = isTakenOver(context.containers.kept);
  const kept = findKeptReactions(service.name, { ...context, loaded, isAdopted });
  return {
    ...groupReactions([...found.flatMap(({ reactions }) => reactions), ...kept]),
    doubts: Object.assign({}, ...found.map(({ doubts }) => doubts)),
  };
}

export function noLiveChange(): LiveChange {
  return { restart: [], signals: [], commands: [], doubts: {} };
}

/** How a service is told of something about its files, and of what. */
interface Reaction {
  onChange: DesiredFile["onChange"];
  causes: readonly Cause[];
}

interface MountContext extends LiveContext {
  loaded: Readonly<Record<string, string>>;
}

function findReactions(mount: DesiredMount, context: MountContext): Reaction[] {
  const strays = straysOf(mount, context);
  return [
    ...mount.files.map((file) => ({
      onChange: file.onChange,
      causes: loadCauses(mount, { ...context, file }),
    })),
    { onChange: "restart", causes: goneCauses(mount, context) },
    ...mount.files.map(({ onChange }) => ({
      onChange,
      causes: strayCauses(mount, { strays, loaded: context.loaded }),
    })),
  ];
}

function findDoubts(mount: DesiredMount, context: MountContext): Record<string, string> {
  const touched = mount.files
    .filter((file) => isTold(file) && isDoubtful(mount, { ...context, file }))
    .map((file) => [file.to, digestFound(findFile(mount, { ...context, file }))] as const);
  const strays = mount.files.some(isTold)
    ? straysOf(mount, context).filter((to) => context.loaded[to] === undefined)
    : [];
  return Object.fromEntries([...touched, ...strays.map((to) => [to, digestValue(null)] as const)]);
}

function straysOf(mount: DesiredMount, { mountChanges }: LiveContext): readonly string[] {
  return mountChanges.find((each) => each.mount === mount)?.strays ?? [];
}

/** The mounts that concern a service: one that was adopted has the same files elsewhere until it is made anew. */
function mountsOf(
  service: DesiredService,
  { instance, containers }: Pick<LiveContext, "instance" | "containers">,
): DesiredMount[] {
  if (isTakenOver(containers.kept)) return [];
  return instance.mounts.filter(({ services }) => services.includes(service.name));
}

interface LoadedContext {
  file: DesiredFile;
  loaded: Readonly<Record<string, string>>;
  stored: ObservedInstanceFiles | undefined;
}

function loadCauses(mount: DesiredMount, context: LoadedContext): Cause[] {
  const { file } = context;
  const loaded = context.loaded[file.to];
  if (mount.layout === "content") {
    // A new path comes with a new digest; the same path with other bytes is drift, which the process may have read.
    if (loaded !== undefined) return [fileCauses.touched(file.to)];
  } else {
    if (loaded === undefined) return [fileCauses.notLoaded(file.to)];
    if (loaded !== file.digest) return [fileCauses.changed(file.to)];
  }
  // What a program does to its own files, it would do again after a restart: it has loaded what was placed.
  if (mount.writable) return [];
  const found = findFile(mount, context);
  if (found === undefined) return [fileCauses.missing(file.to)];
  return isPlaced(file, found) ? [] : [fileCauses.touched(file.to)];
}

/** A folder that was removed as a whole is another one when it is back: only a restart binds that one. */
function goneCauses(mount: DesiredMount, { stored }: Pick<LoadedContext, "stored">): Cause[] {
  const isGone = mount.files.every((file) => findFile(mount, { file, stored }) === undefined);
  return mount.layout === "data" && isGone ? [because.lost(`folder ${mount.source} is missing`)] : [];
}

/** Whether it may have loaded something else than what is noted, or than what is put right now. */
function isDoubtful(mount: DesiredMount, context: LoadedContext): boolean {
  if (loadCauses(mount, context).length === 0) return false;
  const { file, loaded } = context;
  return mount.layout === "content" ? loaded[file.to] === undefined : loaded[file.to] === file.digest;
}

/** In the form of a desired file's digest. */
function digestFound(found: ObservedFile | undefined): string {
  if (found === undefined) return digestValue(null);
  const { contentDigest, mode, uid, gid } = found;
  return digestValue({ contentDigest, mode, owner: { uid, gid } });
}

/** Files that the service has loaded or can see, and that are not among those of the mount. */
function strayCauses(
  mount: DesiredMount,
  { strays, loaded }: { strays: readonly string[]; loaded: Readonly<Record<string, string>> },
): Cause[] {
  const wanted = new Set(mount.files.map((file) => file.to));
  const dropped = Object.keys(loaded).filter((to) => to.startsWith(`${mount.source}/`) && !wanted.has(to));
  const added = strays.filter((to) => loaded[to] === undefined);
  return [...dropped.sort().map(fileCauses.dropped), ...someOf(added.map(fileCauses.added))];
}

/** One entry for each way of telling a service, with all that it is told that way, each once. */
function groupReactions(reactions: readonly Reaction[]): Omit<LiveChange, "doubts"> {
  const told = reactions.filter((reaction) => reaction.causes.length > 0 && isTold(reaction));
  const ways = [...Map.groupBy(told, ({ onChange }) => JSON.stringify(onChange)).values()].map((group) => ({
    onChange: group[0]?.onChange,
    causes: causesOf(group),
  }));
  return {
    restart: causesOf(told.filter(({ onChange }) => onChange === "restart" || onChange === "recreate")),
    signals: ways.flatMap(({ onChange, causes }) =>
      typeof onChange === "string" && onChange.startsWith("signal:")
        ? [{ signal: onChange.slice("signal:".length), causes }]
        : [],
    ),
    commands: ways.flatMap(({ onChange, causes }) =>
      typeof onChange === "object" ? [{ command: onChange.exec, causes }] : [],
    ),
  };
}

function causesOf(reactions: readonly Reaction[]): Cause[] {
  return uniqueCauses(reactions.flatMap(({ causes }) => causes));
}
