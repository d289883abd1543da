import { lstat } from "node:fs/promises";

import { type KnownFolder, KeelsonError, isSystemError } from "@keelson/model";
import { measureFolder } from "@keelson/store";

import type { NodeSettings } from "./node-settings.ts";
import { readRecordState } from "./remembered.ts";

/** A data folder of this node that nothing desired uses. */
export interface OrphanFolder {
  /** Absolute. */
  folder: string;
  /** Null where a part of it cannot be read, or measuring takes too long. */
  sizeBytes: number | null;
  /** The services that ran with it last, as `<instance>/<service>`; empty when none did. */
  lastUsers: readonly string[];
  /** What removes it. */
  remove: string;
}

/** A person waits for the answer, and a folder can hold millions of files. */
const measureTimeoutMs = 10_000;

/** The data folders that the last round left behind, and that are still there; sorted. Removes nothing. Throws what the record throws. */
export async function findOrphanFolders(
  settings: Pick<NodeSettings, "stateDir">,
  { signal }: { signal: AbortSignal },
): Promise<OrphanFolder[]> {
  const left = Object.entries(readRecordState(settings).folders ?? {})
    .filter(([, { state }]) => state !== "used")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const found = await Promise.all(
    left.map(async ([folder, known]) => ((await isThere(folder)) ? [{ folder, known }] : [])),
  );
  const orphans: OrphanFolder[] = [];
  for (const { folder, known } of found.flat()) {
    const sizeBytes = await measureFolder(folder, { timeoutMs: measureTimeoutMs, signal });
    orphans.push({ ...orphanOf(folder, known), sizeBytes });
  }
  return orphans;
}

function orphanOf(folder: string, { users }: KnownFolder): Omit<OrphanFolder, "sizeBytes"> {
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
