import {
  type StagedCheck,
  type StagedNeeds,
  type StagedRelease,
  compareText,
  readEntryName,
} from "@keelson/model";
import { narDigest } from "@keelson/nar";

import { type Folder, openIfFolder, readEntries } from "./folder.ts";
import { FolderError } from "./folder-error.ts";
import { walkFolder } from "./folder-walk.ts";
import { describeTree, findDiffering, readNeeds, readNote, writeNeeds, writeNote } from "./staged-note.ts";
import { makeStore, openStore } from "./staged-place.ts";
import { descriptorPath } from "./staged-release.ts";
import { whileReading, whileWriting } from "./store-error.ts";

/** What is in the store by its notes, sorted by release and then by when it was staged. Throws K4003 and K4006. */
export async function listStaged(stateDir: string): Promise<StagedRelease[]> {
  return await whileReading(`read the store in ${stateDir}`, () => {
    using store = openStore(stateDir);
    return store === null ? [] : listEntries(store);
  });
}

function listEntries(store: Folder): StagedRelease[] {
  return [...readEntries(store)]
    .flatMap(({ text, kind }): StagedRelease[] => {
      const known = text === null || kind !== "folder" ? null : readEntryName(text);
      return text === null || known === null ? [] : [describeEntry(store, { entry: text, ...known })];
    })
    .sort(
      (a, b) =>
        compareText(a.release, b.release) ||
        compareText(a.stagedAt ?? "", b.stagedAt ?? "") ||
        compareText(a.entry, b.entry),
    );
}

function describeEntry(
  store: Folder,
  { entry, name: release, version }: { entry: string; name: string; version: string },
): StagedRelease {
  const note = readNote(store, entry);
  if (note === null)
    return { entry, release, version, digest: null, stagedAt: null, sizeBytes: null, state: "unfinished" };
  const { digest, stagedAt, sizeBytes, changedAt } = note;
  const state = changedAt === undefined ? "staged" : "changed";
  return { entry, release, version, digest, stagedAt, sizeBytes, state };
}

/**
 * Reads all bytes of the staged releases that are asked for, and compares them with their digest. Of one that was changed the
 * note says so from then on: it is not used any more, and is written anew when it is staged again. One that is right loses
 * such a word. Without `now` nothing is noted. Throws K4001 to K4004 and K4006 where the store as such cannot be read or a note not written.
 */
export async function verifyStaged(
  stateDir: string,
  { isAsked, now }: { isAsked: (release: StagedRelease) => boolean; now: Date | null },
): Promise<StagedCheck[]> {
  const asked = (await listStaged(stateDir)).filter(isAsked);
  const checks: StagedCheck[] = [];
  for (const each of asked) checks.push(await verifyEntry(stateDir, { each, now }));
  return checks;
}

async function verifyEntry(
  stateDir: string,
  { each, now }: { each: StagedRelease; now: Date | null },
): Promise<StagedCheck> {
  const { entry, release, version } = each;
  const checked = { entry, release, version, differing: [], because: null };
  try {
    using store = openStore(stateDir);
    using folder = store === null ? null : openIfFolder(store, entry);
    if (store === null || folder === null)
      return { ...checked, state: "unreadable", because: "it went while it was read" };
    const half = readEntryName(entry)?.half;
    const tree = () => walkFolder(descriptorPath(folder));
    const digest = await narDigest(tree());
    const isRight = each.digest === null ? halfOf(digest) === half : digest === each.digest;
    const note = readNote(store, entry);
    const differing =
      isRight || note === null ? [] : findDiffering(note.paths, (await describeTree(tree())).paths);
    if (now !== null && note !== null && isRight !== (note.changedAt === undefined)) {
      const { changedAt: _, ...whole } = note;
      const noted = isRight ? whole : { ...whole, changedAt: now.toISOString() };
      await whileWriting(`note what is staged as ${entry}`, () => writeNote(store, { entry, note: noted }));
    }
    return { ...checked, state: isRight ? "ok" : "changed", differing };
  } catch (error) {
    // Of one entry; the others are checked all the same.
    if (error instanceof FolderError) return { ...checked, state: "unreadable", because: causeOf(error) };
    throw error;
  }
}

function halfOf(digest: string): string {
  return Buffer.from(digest.slice(digest.indexOf("-") + 1), "base64")
    .toString("hex")
    .slice(0, 32);
}

/** The path in the message would be that of a descriptor. */
function causeOf(error: FolderError): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** What the store must keep, as the last round said; null when none did. Throws K4003, K4006 and K4028. */
export async function readStagedNeeds(stateDir: string): Promise<StagedNeeds | null> {
  return await whileReading(`read the store in ${stateDir}`, () => {
    using store = openStore(stateDir);
    return store === null ? null : readNeeds(store);
  });
}

/** Notes what the store must keep; what is noted already is not touched. Throws K4001 to K4004 and K4006. */
export async function writeStagedNeeds(stateDir: string, needs: StagedNeeds): Promise<void> {
  await whileWriting(`note what the store in ${stateDir} must keep`, () => {
    using store = makeStore(stateDir);
    writeNeeds(store, needs);
  });
}
