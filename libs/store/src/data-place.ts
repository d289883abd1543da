import { join, resolve } from "node:path";
import { fchmodSync, mkdirSync } from "node:fs";
import { namePattern } from "@keelson/model";

import {
  type EntryKind,
  type Folder,
  at,
  kindOf,
  openFolder,
  openIfFolder,
  openStateFolder,
  syncFolder,
} from "./folder.ts";
import { exchangedEntry, refusedPath } from "./store-error.ts";
import { mountFolderMode, partsOf } from "./store-path.ts";

/** Where the data of instances lies. Absolute paths. */
export interface DataPlaces {
  dataDir: string;
  /** By instance, where its data lies already. */
  dataFolders: Readonly<Record<string, string>>;
}

/** An instance, and the one under whose name its data was made. */
export interface DataOwner {
  instance: string;
  was?: string | undefined;
}

/** The file that shows that the disk with the data is there. */
export const dataMark = ".keelson-data";

/** Absolute folder of an instance's data. Throws K4006 when the instance's name is none. */
export function dataFolderOf({ dataDir, dataFolders }: DataPlaces, { instance, was }: DataOwner): string {
  const name = was ?? instance;
  if (!namePattern.test(name)) throw refusedPath(name, "it is no instance's name");
  return Object.hasOwn(dataFolders, instance)
    ? resolve(dataFolders[instance] ?? "")
    : join(resolve(dataDir), name);
}

/** Absolute path of a data folder. */
export function dataPathOf(places: DataPlaces, { source, ...owner }: DataOwner & { source: string }): string {
  const folder = dataFolderOf(places, owner);
  return source === "." ? folder : `${folder}/${source}`;
}

/** What is there, links not followed but those on the way to the folders that agent.yaml names. */
export type DataPlace = OpenPlace | NoPlace;

export interface OpenPlace extends Disposable {
  kind: "folder" | "file";
  /** The folder itself, or the one that holds the file. */
  folder: Folder;
  /** Of a file, in its folder. */
  name: string;
}

interface NoPlace extends Disposable {
  kind: "absent" | "other";
}

export function openDataPlace(places: DataPlaces, owner: DataOwner & { source: string }): DataPlace {
  const parts = owner.source === "." ? [] : partsOf(owner.source);
  let folder = openRoot(places, owner);
  let kind: EntryKind | null = folder === null ? null : "folder";
  for (const [index, part] of parts.entries()) {
    if (folder === null) break;
    using parent = folder;
    kind = kindOf(parent, part);
    if (kind === "file" && index === parts.length - 1) {
      const holder = openDot(parent);
      return { kind, folder: holder, name: part, [Symbol.dispose]: () => holder[Symbol.dispose]() };
    }
    folder = kind === "folder" ? openIfFolder(parent, part) : null;
  }
  if (folder !== null) {
    const opened = folder;
    return { kind: "folder", folder: opened, name: "", [Symbol.dispose]: () => opened[Symbol.dispose]() };
  }
  return { kind: kind === null ? "absent" : "other", [Symbol.dispose]: () => {} };
}

/** The same folder once more, to be closed by itself. */
function openDot(folder: Folder): Folder {
  const again = openFolder(folder, ".");
  if (again === null) throw exchangedEntry(folder.path);
  return again;
}

function openRoot(places: DataPlaces, { instance, was }: DataOwner): Folder | null {
  if (Object.hasOwn(places.dataFolders, instance)) return openStateFolder(dataFolderOf(places, { instance }));
  using dataDir = openStateFolder(places.dataDir);
  return dataDir === null ? null : openIfFolder(dataDir, was ?? instance);
}

/** The folder of an instance's data, made when it is missing; folders that agent.yaml names are made with all above them. */
export function makeDataRoot(places: DataPlaces, { instance, was }: DataOwner): Folder {
  if (Object.hasOwn(places.dataFolders, instance)) return makeNamed(dataFolderOf(places, { instance }));
  using dataDir = makeNamed(places.dataDir);
  return makeDataFolder(dataDir, was ?? instance);
}

export function makeNamed(path: string): Folder {
  mkdirSync(path, { recursive: true, mode: mountFolderMode });
  const folder = openStateFolder(path);
  if (folder === null) throw exchangedEntry(path);
  return folder;
}

/** As the engine makes what is bound and missing: root's, and open to be read. What is there keeps its mode. */
export function makeDataFolder(parent: Folder, name: string): Folder {
  const isNew = kindOf(parent, name) === null;
  if (isNew) {
    mkdirSync(at(parent, name), { mode: mountFolderMode });
    syncFolder(parent);
  }
  const folder = openFolder(parent, name);
  if (folder === null) throw exchangedEntry(`${parent.path}/${name}`);
  // The umask may have left less.
  if (isNew) fchmodSync(folder.fd, mountFolderMode);
  return folder;
}
