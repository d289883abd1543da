import { linkSync, renameSync } from "node:fs";
import { getegid, geteuid } from "node:process";
import { type DesiredFile, type KeepFolder, KeelsonError, digestBytes, required } from "@keelson/model";

import {
  type DataPlaces,
  dataMark,
  dataPathOf,
  makeDataFolder,
  makeDataRoot,
  makeNamed,
} from "./data-place.ts";
import { writeDocument } from "./document.ts";
import { fileBytesLimit } from "./file-tree.ts";
import { type Folder, at, kindOf, openFolder, openIfFolder, removeFile, syncFolder } from "./folder.ts";
import { type ReadFile, readOrdinaryFile, writeNewFile } from "./placed-file.ts";
import { insistOn, whileWriting } from "./store-error.ts";
import { partsOf } from "./store-path.ts";

/**
 * Makes a data folder that is missing, and puts or removes its kept files; everything else in it is left alone. A file that is
 * not what the operation says it replaces stays. Throws K3077 then, K4001 to K4006, and K4023.
 */
export async function keepFolder(places: DataPlaces, operation: KeepFolder): Promise<void> {
  const { instance, was, folder: desired } = operation;
  const { source, kind, files } = desired;
  const path = dataPathOf(places, { instance, was, source });
  await whileWriting(`keep the data folder ${path}`, async () => {
    markDataDir(places, instance);
    await insistOn(path, async () => {
      using root = makeDataRoot(places, { instance, was });
      const parts = source === "." ? [] : partsOf(source);
      using folder = makeFolders(root, kind === "file" ? parts.slice(0, -1) : parts);
      for (const [name, content] of Object.entries(operation.remove)) {
        removeKept(folder, { parts: kind === "file" ? parts.slice(-1) : partsOf(name), content });
      }
      for (const [name, replaces] of Object.entries(operation.place)) {
        const file = required(
          files.find((each) => each.path === name),
          `kept file ${name}`,
        );
        const inside = kind === "file" ? parts.slice(-1) : partsOf(name);
        using holder = makeFolders(folder, inside.slice(0, -1));
        await placeKept(holder, { name: inside.at(-1) ?? "", file, replaces });
      }
    });
  });
}

/** Where agent.yaml names a place for an instance, it is not in the folder of all others. */
function markDataDir(places: DataPlaces, instance: string): void {
  if (Object.hasOwn(places.dataFolders, instance)) return;
  using dataDir = makeNamed(places.dataDir);
  if (kindOf(dataDir, dataMark) === null) writeDocument(dataDir, { name: dataMark, text: markText });
}

const markText = `Keelson has data of this node in this folder, and knows it again by this file.
Without it, Keelson takes the disk for one that is not mounted, and makes nothing here.
`;

function makeFolders(parent: Folder, parts: readonly string[]): Folder {
  let folder = required(openFolder(parent, "."), `folder ${parent.path}`);
  for (const part of parts) {
    using above = folder;
    folder = makeDataFolder(above, part);
  }
  return folder;
}

/** Beside the file: what is bound may be a file system of its own. */
async function placeKept(
  folder: Folder,
  { name, file, replaces }: { name: string; file: DesiredFile; replaces: string | null },
): Promise<void> {
  const found = findFile(folder, name);
  if (found === null ? replaces !== null : !isOf(found, [file.contentDigest, replaces]))
    throw changedSince(`${folder.path}/${name}`);
  const draft = `.${name}.keelson-new`;
  removeFile(folder, draft);
  try {
    // A program may have given its file to its own user.
    const { uid, gid } = file.owner ?? found ?? { uid: geteuid?.() ?? 0, gid: getegid?.() ?? 0 };
    const wanted = { bytes: file.content, mode: file.mode, uid, gid, isSeed: false };
    await writeNewFile(folder, { name: draft, file: wanted });
    // A link does not replace what came there meanwhile.
    if (found === null) linkSync(at(folder, draft), at(folder, name));
    else renameSync(at(folder, draft), at(folder, name));
  } finally {
    removeFile(folder, draft);
  }
  syncFolder(folder);
}

function removeKept(folder: Folder, { parts, content }: { parts: readonly string[]; content: string }): void {
  const [name = "", ...rest] = parts;
  if (rest.length > 0) {
    using child = openIfFolder(folder, name);
    if (child !== null) removeKept(child, { parts: rest, content });
    return;
  }
  const found = findFile(folder, name);
  if (found === null) return;
  if (!isOf(found, [content])) throw changedSince(`${folder.path}/${name}`);
  removeFile(folder, name);
  syncFolder(folder);
}

/** Null when there is nothing. Throws K3077 for what is no ordinary file. */
function findFile(folder: Folder, name: string): (Omit<ReadFile, "bytes"> & { digest: string }) | null {
  if (kindOf(folder, name) === null) return null;
  const found = readOrdinaryFile(folder, { name, limit: fileBytesLimit });
  if (found === null) throw changedSince(`${folder.path}/${name}`);
  const { bytes, ...rest } = found;
  return { ...rest, digest: digestBytes(bytes) };
}

function isOf({ digest }: { digest: string }, digests: readonly (string | null)[]): boolean {
  return digests.includes(digest);
}

function changedSince(path: string): KeelsonError {
  return new KeelsonError({
    code: "K3077",
    message: `${path} was changed since the plan was made; it is left as it is`,
    hint: "The next round looks at it anew.",
  });
}
