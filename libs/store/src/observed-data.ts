import { basename, dirname, resolve } from "node:path";
import {
  type DesiredFile,
  type DesiredInstance,
  KeelsonError,
  type ObservedDataDir,
  type ObservedDataFolder,
  type ObservedFile,
  type PlacedLast,
  type RecordState,
  compareText,
  digestBytes,
  ownOf,
} from "@keelson/model";

import {
  type DataPlace,
  type DataPlaces,
  type OpenPlace,
  dataMark,
  dataPathOf,
  openDataPlace,
} from "./data-place.ts";
import { fileBytesLimit } from "./file-tree.ts";
import { type Folder, kindOf, openIfFolder, openStateFolder, readEntries } from "./folder.ts";
import { readOrdinaryFile } from "./placed-file.ts";
import { whileReading } from "./store-error.ts";
import { partsOf } from "./store-path.ts";

type KnownFolders = NonNullable<RecordState["folders"]>;

export interface DataInput extends DataPlaces {
  instances: readonly Pick<DesiredInstance, "name" | "was" | "folders">[];
  /** What the record knows, by path. */
  known: KnownFolders;
}

/** Whether the mark is where data folders lie. Throws K4003: unknown is never absent. */
export async function observeDataDir({ dataDir }: Pick<DataPlaces, "dataDir">): Promise<ObservedDataDir> {
  const path = resolve(dataDir);
  return await whileReading(`look into ${path}`, () => {
    using folder = openStateFolder(path);
    return { path, isMarked: folder !== null && kindOf(folder, dataMark) === "file" };
  });
}

/**
 * All data folders that are desired or known. Of what a container writes only kept files are read, and the first name in a
 * folder. What cannot be seen of one is its fault (K4003, K4006).
 */
export async function observeDataFolders(input: DataInput): Promise<ObservedDataFolder[]> {
  const desired = input.instances.flatMap(({ name: instance, was, folders }) =>
    folders.map(({ source, files }) => {
      const path = dataPathOf(input, { instance, was, source });
      const placed = ownOf(input.known, path)?.placed ?? {};
      return {
        instance,
        source,
        path,
        files,
        placed,
        open: () => openDataPlace(input, { instance, was, source }),
      };
    }),
  );
  const paths = new Set(desired.map(({ path }) => path));
  const others = Object.entries(input.known)
    .filter(([path]) => !paths.has(path))
    .map(([path, { instance, source }]) => {
      const dataFolders = { [instance]: dirname(path) };
      const open = () => openDataPlace({ dataDir: "", dataFolders }, { instance, source: basename(path) });
      return { instance, source, path, files: [], placed: {}, isFormer: true as const, open };
    });
  const found: ObservedDataFolder[] = [];
  for (const wanted of [...desired, ...others]) found.push(await observeDataFolder(wanted));
  return found.sort((a, b) => compareText(a.path, b.path));
}

interface WantedFolder extends Pick<ObservedDataFolder, "instance" | "source" | "path" | "isFormer"> {
  files: readonly DesiredFile[];
  placed: Readonly<Record<string, PlacedLast>>;
  open: () => DataPlace;
}

async function observeDataFolder(wanted: WantedFolder): Promise<ObservedDataFolder> {
  const { instance, source, path, isFormer } = wanted;
  const base = { instance, source, path, files: {}, ...(isFormer === undefined ? {} : { isFormer }) };
  try {
    return await whileReading(`see the data folder ${path}`, () => {
      using place = wanted.open();
      if (!("folder" in place)) return { ...base, state: place.kind, fault: null };
      const files = findKept(place, wanted);
      const state = place.kind === "file" ? "file" : isEmpty(place.folder) ? "empty" : "filled";
      return { ...base, state, files, fault: null };
    });
  } catch (error) {
    if (!(error instanceof KeelsonError)) throw error;
    const { code, message, hint = "", cause } = error;
    const whole = cause instanceof Error ? `${message}: ${cause.message}` : message;
    return { ...base, state: "other", fault: { code, message: whole, hint } };
  }
}

/** A file system of its own has an entry of its own. */
function isEmpty(folder: Folder): boolean {
  for (const { text } of readEntries(folder)) if (text !== "lost+found") return false;
  return true;
}

function findKept(place: OpenPlace, { files, placed }: WantedFolder): Record<string, ObservedFile> {
  const paths = new Set([...files.map(({ path }) => path), ...Object.keys(placed)]);
  return Object.fromEntries(
    [...paths].sort(compareText).flatMap((path): [string, ObservedFile][] => {
      const parts = place.kind === "file" ? [place.name] : partsOf(path);
      const desired = files.find((file) => file.path === path)?.contentDigest;
      const digests = [desired, ownOf(placed, path)?.content].flatMap((digest) => digest ?? []);
      const found = readKept(place.folder, { parts, digests });
      return found === null ? [] : [[path, found]];
    }),
  );
}

/** Null when there is nothing of that name, or something else than a folder on the way to it. */
function readKept(
  folder: Folder,
  { parts, digests }: { parts: readonly string[]; digests: readonly string[] },
): ObservedFile | null {
  const [name = "", ...rest] = parts;
  if (rest.length > 0) {
    using child = openIfFolder(folder, name);
    return child === null ? null : readKept(child, { parts: rest, digests });
  }
  if (kindOf(folder, name) === null) return null;
  const found = readOrdinaryFile(folder, { name, limit: fileBytesLimit });
  if (found === null) return { contentDigest: "differs", mode: 0, uid: 0, gid: 0 };
  const { bytes, mode, uid, gid } = found;
  const digest = digestBytes(bytes);
  return { contentDigest: digests.includes(digest) ? digest : "differs", mode, uid, gid };
}
