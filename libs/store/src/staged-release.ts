import { renameSync } from "node:fs";

import { KeelsonError, digestBytes, required, stagedEntryName } from "@keelson/model";
import { type Tree, narDigest } from "@keelson/nar";

import { type Folder, at, kindOf, makeFolder, openFolder, syncFolder } from "./folder.ts";
import { walkFolder } from "./folder-walk.ts";
import { describeTree, readNote, writeNote } from "./staged-note.ts";
import { makeStore, openStore, removeStaged, requireEntryName, stagedPathOf } from "./staged-place.ts";
import { writeTree } from "./staged-tree.ts";
import { whileReading, whileWriting } from "./store-error.ts";

export interface StagingInput {
  stateDir: string;
  /** With its digest as `nix hash path` prints it. */
  release: { name: string; version: string; digest: string };
  /** Its files; asked for only when they are written. */
  readTree: () => Promise<Tree>;
  /** Whether the bytes of an entry that is there are read; otherwise its note is believed. */
  isThorough: boolean;
  now: Date;
}

/** `staged`: it is new. `kept`: it was there. `mended`: it was there and not what it should be. */
export type StagingResult = "staged" | "kept" | "mended";

/**
 * Brings the files of a release into the store, read-only. It gets its name whole, judged and synced, and its note after that: a
 * kill at any step leaves the old or the new, and doing it again reaches the same end. What is there already is left alone.
 * Throws K4001 to K4004, K4006, K4024, and K4027 where the files do not have the digest.
 */
export async function stageRelease(input: StagingInput): Promise<{ path: string; result: StagingResult }> {
  const { stateDir, release, isThorough } = input;
  const entry = requireEntryName(stagedEntryName(release));
  const path = stagedPathOf(stateDir, entry);
  return await whileWriting(`stage ${release.name} ${release.version}`, async () => {
    const before = await judgeEntry({ stateDir, entry, digest: release.digest, isThorough });
    if (before === "whole") return { path, result: "kept" };
    using store = makeStore(stateDir);
    if (before !== "unnoted") await replaceEntry(store, { ...input, entry });
    using folder = required(openFolder(store, entry), path);
    const described = await describeTree(walkFolder(descriptorPath(folder)));
    const { digest } = release;
    writeNote(store, { entry, note: { digest, stagedAt: input.now.toISOString(), ...described } });
    return { path, result: before === "absent" ? "staged" : "mended" };
  });
}

/** Whether the release is in the store, by its note alone: nothing is read of its files. Throws K4003 and K4006. */
export async function isStaged(
  stateDir: string,
  release: { name: string; version: string; digest: string },
): Promise<boolean> {
  const entry = stagedEntryName(release);
  return await whileReading(`read the store in ${stateDir}`, async () => {
    return (await judgeEntry({ stateDir, entry, digest: release.digest, isThorough: false })) === "whole";
  });
}

/** `unnoted`: its bytes are right, and nothing but its note is missing. */
async function judgeEntry({
  stateDir,
  entry,
  digest,
  isThorough,
}: {
  stateDir: string;
  entry: string;
  digest: string;
  isThorough: boolean;
}): Promise<"absent" | "whole" | "unnoted" | "changed"> {
  using store = openStore(stateDir);
  if (store === null || kindOf(store, entry) === null) return "absent";
  using folder = kindOf(store, entry) === "folder" ? openFolder(store, entry) : null;
  if (folder === null) return "changed";
  const note = readNote(store, entry);
  const isNoted = note !== null && note.changedAt === undefined && note.digest === digest;
  if (isNoted && !isThorough) return "whole";
  if (!(await hasDigest(folder, digest))) return "changed";
  return isNoted ? "whole" : "unnoted";
}

/** Whether the files are those of the digest; what cannot be read is not, and is written anew. */
async function hasDigest(folder: Folder, digest: string): Promise<boolean> {
  try {
    return (await narDigest(walkFolder(descriptorPath(folder)))) === digest;
  } catch (error) {
    if (error instanceof Error && "code" in error && ["K9082", "K9084"].includes(String(error.code)))
      return false;
    throw error;
  }
}

/** A path to the open folder, whatever happens to its name. */
export function descriptorPath(folder: Folder): string {
  return `/proc/self/fd/${folder.fd}`;
}

/** The entry gets its name last: a kill before leaves a draft, which is removed when this is done again. */
async function replaceEntry(
  store: Folder,
  { entry, release, readTree }: Pick<StagingInput, "release" | "readTree"> & { entry: string },
): Promise<void> {
  const draft = draftOf(entry);
  await removeStaged(store, draft);
  try {
    using folder = makeFolder(store, { name: draft, mode: 0o700, replaces: "nothing" });
    await writeTree(folder, await readTree());
    if (!(await hasDigest(folder, release.digest))) throw notTheRelease(release);
    await removeStaged(store, entry);
    renameSync(at(store, draft), at(store, entry));
    syncFolder(store);
  } catch (error) {
    await removeStaged(store, draft);
    throw error;
  }
}

/** Of an entry that is being written. No name of an entry begins with a dot. */
function draftOf(entry: string): string {
  return `.draft-${digestBytes(entry).slice(0, 16)}`;
}

/** Whether it is a draft, of which none is at work while the node's lock is held. */
export function isDraft(name: string): boolean {
  return /^\.draft-[0-9a-f]{16}$/.test(name);
}

function notTheRelease({ name, version, digest }: StagingInput["release"]): KeelsonError {
  return new KeelsonError({
    code: "K4027",
    message: `what was written of ${name} ${version} does not have the digest ${digest}`,
    hint: "The next round tries again. If it fails again, look for a failing disk (dmesg).",
  });
}
