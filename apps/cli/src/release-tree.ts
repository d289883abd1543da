import { statSync } from "node:fs";

import { KeelsonError } from "@keelson/model/light";
import { NarError, type Tree, readNar } from "@keelson/nar";
import { FolderError, readArchive, walkFolder } from "@keelson/store/folder";

/** The tree of a folder or of an archive, from its beginning each time. */
export function openTree(path: string): Tree {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  return isFile ? readNar(readArchive(path), path) : walkFolder(path);
}

const hints = {
  K9082: "Remove it, or rename it.",
  K9083: "Fetch the archive again, or make it again with keelson release pack.",
  K9084: "Look at the cause. If a program writes there, call this again when it has ended.",
} as const;

/** Runs a task that reads or writes a tree. The errors of folders and archives get their hints. */
export async function whileReading<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof NarError || error instanceof FolderError)) throw error;
    const { code, message, cause } = error;
    throw new KeelsonError({ code, message, hint: hints[code], outcome: { kind: "stalled" }, cause });
  }
}
