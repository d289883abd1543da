import {
  type DesiredFile,
  type DesiredInstance,
  type DesiredMount,
  type DesiredService,
  type ObservedFile,
  type ObservedInstanceFiles,
  digestValue,
} from "@keelson/model";

import { someOf } from "./change-cause.ts";
import { type MountChange, findFile, isPlaced } from "./mount-change.ts";

/** What a running service must do to have its live files, and why. */
export interface LiveChange {
  restart: string[];
  signals: Map<string, string[]>;
  commands: Map<string, { command: string[]; causes: string[] }>;
  /**
   * By `to`, digests of what it may have loaded from files that were touched by hand. Noted before they are put
   * right: afterwards nothing would tell that it still has to be told.
   */
  doubts: Record<string, string>;
}

export interface LiveContext {
  instance: DesiredInstance;
  stored: ObservedInstanceFiles | undefined;
  mountChanges: readonly MountChange[];
}

/** The live files of a service by `to`, as they are to be. */
export function desiredLiveFiles(service: DesiredService, instance: DesiredInstance): Record<string, string> {
  const mounts = mountsOf(service, instance).filter((mount) => mount.layout !== "content");
  return Object.fromEntries(mounts.flatMap((mount) => mount.files.map((file) => [file.to, file.digest])));
}

/** By `to`, the digests of what a service has loaded, as far as that is noted. */
export function loadedFiles(
  service: DesiredService,
  stored: ObservedInstanceFiles | undefined,
): Readonly<Record<string, string>> {
  return stored?.applied?.[service.name] ?? {};
}

/** What a service that keeps its containers must do: for every file that it has not loaded, or that was touched by hand. */
export function findLiveChange(service: DesiredService, on: LiveContext): LiveChange {
  const change = noLiveChange();
  const loaded = loadedFiles(service, on.stored);
  for (const mount of mountsOf(service, on.instance)) {
    for (const file of mount.files) {
      const causes = fileCauses(mount, { file, loaded, stored: on.stored });
      addCauses(change, { causes, onChange: file.onChange });
      if (causes.length > 0) addDoubt(change, mount, { file, loaded, stored: on.stored });
    }
    const gone = goneCauses(mount, on);
    addCauses(change, { causes: gone, onChange: "restart" });
    const strays = on.mountChanges.find((each) => each.mount === mount)?.strays ?? [];
    const causes = strayCauses(mount, { strays, loaded });
    for (const { onChange } of mount.files) addCauses(change, { causes, onChange });
    if (mount.files.every(({ onChange }) => onChange === "none")) continue;
    for (const to of strays) if (loaded[to] === undefined) change.doubts[to] = digestValue(null);
  }
  return change;
}

export function noLiveChange(): LiveChange {
  return { restart: [], signals: new Map(), commands: new Map(), doubts: {} };
}

function mountsOf(service: DesiredService, instance: DesiredInstance): DesiredMount[] {
  return instance.mounts.filter(({ services }) => services.includes(service.name));
}

interface LoadedContext {
  file: DesiredFile;
  loaded: Readonly<Record<string, string>>;
  stored: ObservedInstanceFiles | undefined;
}

function fileCauses(mount: DesiredMount, on: LoadedContext): string[] {
  const { file } = on;
  const loaded = on.loaded[file.to];
  if (mount.layout === "content") {
    // A new path comes with a new digest; the same path with other bytes is drift, which the process may have read.
    if (loaded !== undefined) return [`file ${file.to} was changed by hand`];
  } else {
    if (loaded === undefined) return [`file ${file.to} was not loaded yet`];
    if (loaded !== file.digest) return [`file ${file.to} changed`];
  }
  const found = findFile(mount, on);
  if (found === undefined) return [`file ${file.to} is missing`];
  return mount.writable || isPlaced(file, found) ? [] : [`file ${file.to} was changed by hand`];
}

/** A folder that was removed as a whole is another one when it is back: only a restart binds that one. */
function goneCauses(mount: DesiredMount, on: Pick<LoadedContext, "stored">): string[] {
  const isGone = mount.files.every((file) => findFile(mount, { file, stored: on.stored }) === undefined);
  return mount.layout === "data" && isGone ? [`folder ${mount.source} is missing`] : [];
}

function addDoubt(change: LiveChange, mount: DesiredMount, on: LoadedContext): void {
  const { file } = on;
  const isNoted = mount.layout === "content" ? on.loaded[file.to] : on.loaded[file.to] !== file.digest;
  if (isNoted || file.onChange === "none") return;
  change.doubts[file.to] = digestFound(findFile(mount, on));
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
  on: { strays: readonly string[]; loaded: Readonly<Record<string, string>> },
): string[] {
  const wanted = new Set(mount.files.map((file) => file.to));
  const dropped = Object.keys(on.loaded).filter((to) => to.startsWith(`${mount.source}/`) && !wanted.has(to));
  const added = on.strays.filter((to) => on.loaded[to] === undefined);
  return [
    ...dropped.sort().map((to) => `file ${to} was dropped`),
    ...someOf(added.map((to) => `file ${to} was put there by hand`)),
  ];
}

function addCauses(
  change: LiveChange,
  found: { causes: readonly string[]; onChange: DesiredFile["onChange"] },
): void {
  const { causes, onChange } = found;
  if (onChange === "none" || causes.length === 0) return;
  const list = causeList(change, onChange);
  for (const cause of causes) if (!list.includes(cause)) list.push(cause);
}

function causeList(change: LiveChange, onChange: Exclude<DesiredFile["onChange"], "none">): string[] {
  if (onChange === "restart" || onChange === "recreate") return change.restart;
  if (typeof onChange === "object") {
    const key = JSON.stringify(onChange.exec);
    const entry = change.commands.get(key) ?? { command: onChange.exec, causes: [] };
    change.commands.set(key, entry);
    return entry.causes;
  }
  const signal = onChange.slice("signal:".length);
  const list = change.signals.get(signal) ?? [];
  change.signals.set(signal, list);
  return list;
}
