import { gateCompose, listImages } from "@keelson/compose";
import { type LockedImages, lockImages, openRegistryLogins } from "@keelson/engine";
import { readWorkTree, writeWorkTreeFile } from "@keelson/git";
import { followLinks, readRepository, writeImageLock } from "@keelson/manifest";
import {
  type KeelsonError,
  type LockedImage,
  type Problem,
  type SaidPlace,
  compareText,
  decodeText,
  imageLockFile,
  ownOf,
  sortProblems,
  withoutRepeats,
} from "@keelson/model";
import { type LockOwner, type PackageImages, findPackageImages, readLocal } from "@keelson/reconcile";
import { requireTrusted } from "@keelson/store";

import type { DockerConfigPlace } from "./docker-config-place.ts";
import { chooseLockOwners, nameOfOwner } from "./image-lock-owner.ts";
import { overlayMemory } from "./memory.ts";
import { isPublished, publishedChange } from "./published-release.ts";
import { wireDesired } from "./wire-desired.ts";

/** One image of a lock, as it was locked and as its registry has it now; null where it is not in the lock. */
export interface ImageChange {
  reference: string;
  before: LockedImage | null;
  after: LockedImage | null;
}

/** The lock of the images of one version of a release, or of one local package. */
export interface MadeImageLock {
  /** `shop@1.2.0` or `./apps/wiki` */
  owner: string;
  /** Path in the repository. */
  file: string;
  text: string;
  /** Whether the file has another text, or is not there. */
  isChanged: boolean;
  /** Every image, also one that stays as it is. */
  images: readonly ImageChange[];
  /** Environments whose lock.yaml has the digest of this version, which is another one with this text. */
  lockedBy: readonly string[];
}

export interface ImageLockRequest {
  /** `shop@1.2.0`, `shop` or `./apps/wiki`; none: what is to be published next. */
  asked: readonly string[];
  /** Finds Compose where an environment places what is asked for. */
  findComposeBinary: () => Promise<string>;
  dockerConfig: DockerConfigPlace;
  signal: AbortSignal;
  /** How many of so many images have an answer of their registry. */
  onProgress: (done: number, total: number) => void;
}

/**
 * Asks the registries what the tags of images name now, and makes the locks of it: with any problem none. Writes nothing. Throws
 * K1102 and K1455 for what is not there, K3014 when it is ended, and what Git and Compose throw.
 */
export async function makeImageLocks(
  repository: string,
  request: ImageLockRequest,
): Promise<{ locks: MadeImageLock[]; problems: Problem[]; warnings: Problem[] }> {
  const snapshot = await readWorkTree(repository);
  const files = await snapshot.readFiles(["environments/", "releases/"]);
  const local = await readLocal(snapshot, followLinks(files));
  const read = readRepository(files, local);
  const owners = await chooseLockOwners(repository, { ...request, read: read.repository, files });
  const ports = { gateCompose, listImages, record: overlayMemory(null), resolveCompose: newResolve(request) };
  const found: { owner: LockOwner; images: PackageImages }[] = [];
  for (const owner of owners)
    found.push({ owner, images: await findPackageImages(read, { owner, ...ports }) });
  const warnings = found.flatMap(({ images }) => images.warnings);
  const problems = found.flatMap(({ images }) => images.problems);
  const answer = problems.length > 0 ? nothing : await ask(found, request);
  problems.push(...found.flatMap(({ images }) => faultsOf(images.references, answer)));
  const locks: MadeImageLock[] = [];
  for (const { owner, images } of problems.length > 0 ? [] : found) {
    const before = (files.get(fileOf(owner)) ?? local.files.get(fileOf(owner)))?.bytes;
    const text = before === undefined ? null : decodeText(before);
    const lock = {
      ...makeOne(owner, { images, answer, before: text }),
      lockedBy: lockedBy(owner, read.repository),
    };
    if (lock.isChanged && owner.kind === "release" && (await isPublished(repository, owner)))
      problems.push(publishedChange(owner, { file: lock.file, references: changedOf(lock) }));
    locks.push(lock);
  }
  const all = sortProblems(withoutRepeats(problems));
  return { locks: all.length > 0 ? [] : locks, problems: all, warnings: withoutRepeats(warnings) };
}

/** Writes the locks that are not as they are in the work tree. Throws K2012 when one cannot be written. */
export async function writeImageLocks(repository: string, locks: readonly MadeImageLock[]): Promise<void> {
  for (const { file, text, isChanged } of locks)
    if (isChanged) await writeWorkTreeFile(repository, { path: file, text });
}

const nothing: LockedImages = { locked: new Map(), faults: new Map() };

function newResolve({ findComposeBinary }: ImageLockRequest) {
  let wired: Promise<ReturnType<typeof wireDesired>> | undefined;
  return async (input: Parameters<ReturnType<typeof wireDesired>["resolveCompose"]>[0]) => {
    wired ??= findComposeBinary().then((composeBinary) => wireDesired({ composeBinary, emit: () => {} }));
    return (await wired).resolveCompose(input);
  };
}

async function ask(
  found: readonly { images: PackageImages }[],
  { dockerConfig, signal, onProgress }: ImageLockRequest,
): Promise<LockedImages> {
  const references = [...new Set(found.flatMap(({ images }) => [...images.references.keys()]))];
  onProgress(0, references.length);
  return await lockImages(references, {
    logins: openRegistryLogins({ ...dockerConfig, requireTrusted }),
    signal,
    onAnswer: (_, done) => onProgress(done, references.length),
  });
}

function faultsOf(references: ReadonlyMap<string, SaidPlace>, { faults }: LockedImages): Problem[] {
  return [...references].flatMap(([reference, place]) => {
    const fault = faults.get(reference);
    return fault === undefined ? [] : problemOfFault(fault, place);
  });
}

function problemOfFault(fault: KeelsonError, place: SaidPlace): Problem {
  const { code, message, hint, outcome } = fault;
  const why = fault.cause instanceof Error && fault.cause.message !== "" ? ` (${fault.cause.message})` : "";
  return {
    code,
    ...place,
    message: `${message}${why}`,
    ...(hint === undefined ? {} : { hint }),
    ...(outcome.kind === "transient" ? { outcome: "transient" as const } : {}),
  };
}

function makeOne(
  owner: LockOwner,
  { images, answer, before }: { images: PackageImages; answer: LockedImages; before: string | null },
): Omit<MadeImageLock, "lockedBy"> {
  const old = owner.folder.imageLock?.value.images;
  const entries = [...images.references.keys()].flatMap((reference) => {
    const locked = answer.locked.get(reference);
    return locked === undefined ? [] : [[reference, locked] as const];
  });
  const next = Object.fromEntries(entries);
  const names = [...new Set([...Object.keys(old ?? {}), ...Object.keys(next)])].sort(compareText);
  // Nobody needs a file that says nothing.
  const isNeedless = entries.length === 0 && before === null;
  const text = writeImageLock({ images: next }, before);
  return {
    owner: nameOfOwner(owner),
    file: fileOf(owner),
    text,
    isChanged: !isNeedless && text !== before,
    images: names.map((reference) => ({
      reference,
      before: ownOf(old, reference) ?? null,
      after: ownOf(next, reference) ?? null,
    })),
  };
}

function fileOf({ folder }: LockOwner): string {
  return `${folder.folder}/${imageLockFile}`;
}

function changedOf({ images }: Pick<MadeImageLock, "images">): string[] {
  return images
    .filter(({ before, after }) => before?.digest !== after?.digest)
    .map(({ reference }) => reference);
}

function lockedBy(
  owner: LockOwner,
  { environments }: Parameters<typeof chooseLockOwners>[1]["read"],
): string[] {
  if (owner.kind === "local") return [];
  return [...environments].flatMap(([name, { lock }]) => {
    const locked = ownOf(lock?.value.releases, owner.name);
    return locked?.version === owner.version && locked.digest !== undefined ? [name] : [];
  });
}
