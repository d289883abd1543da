import { lstatSync } from "node:fs";
import { compareText, digestBytes, namePattern } from "@keelson/model";
import type { ObservedFile, ObservedInstanceFiles, ObservedStore } from "@keelson/model";

import { readApplied } from "./applied-files.ts";
import { generationOf, isVisibleLink } from "./data-layout.ts";
import { fileBytesLimit } from "./file-tree.ts";
import { at, kindOf, listFolder, openFolder, openIfFolder } from "./folder.ts";
import type { Entry, EntryName, Folder } from "./folder.ts";
import { readOrdinaryFile } from "./placed-file.ts";
import { whileReading } from "./store-error.ts";
import { areas, instanceFolderOf, openInstances } from "./store-path.ts";

export interface ObserveInput {
  stateDir: string;
  /** Hex HMAC of bytes by the node's key. */
  keyedDigest: (bytes: Uint8Array) => string;
}

/**
 * Everything that is placed on the node, instances sorted by name; none when there is no state folder yet. What is no
 * ordinary file has `link`, `special` or `huge` in the place of its digests, so that it equals nothing desired. Throws
 * K4003 when anything cannot be read, K4006 when a link is where a folder of the store must be, K4007 for a damaged
 * `applied.json`.
 */
export async function observeStore(input: ObserveInput): Promise<ObservedStore> {
  return await whileReading(`read the placed files below ${input.stateDir}`, () => {
    using instances = openInstances(input.stateDir);
    if (instances === null) return { storedInstances: [] };
    const names = listFolder(instances).map(({ text }) => text);
    return {
      storedInstances: names
        .filter((name) => namePattern.test(name))
        .sort(compareText)
        .flatMap((instance) => observeInstance(instances, { instance, ...input })),
    };
  });
}

function observeInstance(
  instances: Folder,
  input: ObserveInput & { instance: string },
): ObservedInstanceFiles[] {
  using folder = openFolder(instances, input.instance);
  if (folder === null) return [];
  const found: [string, ObservedFile][] = [];
  for (const area of areas) {
    using areaFolder = openFolder(folder, area);
    if (areaFolder !== null)
      observeFolder(areaFolder, { path: area, found, depth: 0, keyedDigest: input.keyedDigest });
  }
  return [
    {
      instance: input.instance,
      folder: instanceFolderOf(input.stateDir, input.instance),
      files: Object.fromEntries(found.sort(([a], [b]) => compareText(a, b))),
      applied: readApplied(folder),
    },
  ];
}

/** A container can nest as deep as it likes; what is deeper is one thing that does not belong there. */
const depthLimit = 64;

interface Look {
  /** Of the folder, below the instance's. */
  path: string;
  found: [string, ObservedFile][];
  depth: number;
  keyedDigest: ObserveInput["keyedDigest"];
}

/** Names that start with `..` are the `data` layout's own and not what a container's program looks at. */
function observeFolder(folder: Folder, look: Look): void {
  const entries = listFolder(folder).filter(({ text }) => !text.startsWith(".."));
  const linked = new Set(
    entries.filter((entry) => entry.kind === "link" && isVisibleLink(folder, entry.text)),
  );
  for (const entry of entries) if (!linked.has(entry)) observeEntry(folder, { ...look, entry });
  if (linked.size === 0) return;
  const generationName = generationOf(folder);
  using generation = generationName === null ? null : openFolder(folder, generationName);
  for (const entry of linked) {
    const kind = generation === null ? null : kindOf(generation, entry.name);
    // A link to nothing is there for a container too, so it is no absence.
    if (generation === null || kind === null) observeEntry(folder, { ...look, entry });
    else observeEntry(generation, { ...look, entry: { ...entry, kind } });
  }
}

function observeEntry(folder: Folder, look: Look & { entry: Entry }): void {
  const path = `${look.path}/${look.entry.text}`;
  if (look.entry.kind === "folder" && look.depth < depthLimit) {
    using child = openIfFolder(folder, look.entry.name);
    if (child !== null) observeFolder(child, { ...look, path, depth: look.depth + 1 });
    return;
  }
  const file = observeFile(folder, { name: look.entry.name, keyedDigest: look.keyedDigest });
  if (file !== null) look.found.push([path, file]);
}

/** Null when it was removed right now. */
function observeFile(
  folder: Folder,
  on: { name: EntryName; keyedDigest: ObserveInput["keyedDigest"] },
): ObservedFile | null {
  const read = readOrdinaryFile(folder, { name: on.name, limit: fileBytesLimit });
  if (read !== null) {
    const { bytes, mode, uid, gid } = read;
    return { plainDigest: digestBytes(bytes), keyedDigest: on.keyedDigest(bytes), mode, uid, gid };
  }
  const stats = lstatSync(at(folder, on.name), { throwIfNoEntry: false });
  if (stats === undefined) return null;
  const kind = stats.isSymbolicLink() ? "link" : stats.isFile() ? "huge" : "special";
  return {
    plainDigest: kind,
    keyedDigest: kind,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
  };
}
