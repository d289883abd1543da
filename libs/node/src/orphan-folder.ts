import { lstat } from "node:fs/promises";

import { type KnownFolder, KeelsonError, isSystemError } from "@keelson/model";

import type { NodeSettings } from "./node-settings.ts";
import { readRecordState } from "./remembered.ts";

/** A data folder of this node that nothing desired uses. */
export interface OrphanFolder {
  /** Absolute. */
  folder: string;
  /** The services that ran with it last, as `<instance>/<service>`; empty when none did. */
  lastUsers: readonly string[];
  /** What removes it. */
  remove: string;
}

/** The data folders that the last round left behind, and that are still there; sorted. Removes nothing. Throws what the record throws. */
export async function findOrphanFolders(settings: Pick<NodeSettings, "stateDir">): Promise<OrphanFolder[]> {
  const left = Object.entries(readRecordState(settings).folders ?? {})
    .filter(([, { state }]) => state !== "used")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const found = await Promise.all(
    left.map(async (each) => ((await isThere(each[0])) ? [orphanOf(each)] : [])),
  );
  return found.flat();
}

function orphanOf([folder, { users }]: [string, KnownFolder]): OrphanFolder {
  const isPlain = /^[\w@%+=:,./-]+$/.test(folder);
  const path = isPlain ? folder : `'${folder.replaceAll("'", `'\\''`)}'`;
  return { folder, lastUsers: users, remove: `rm -r ${path}` };
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return false;
    throw new KeelsonError({
      code: "K4003",
      message: `cannot look for ${path}`,
      hint: "Run it as the user of the agent, usually root.",
      cause: error,
    });
  }
}
