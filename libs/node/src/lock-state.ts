import { commitFiles, listDirtyPaths, readWorkTree, writeWorkTreeFile } from "@keelson/git";
import {
  type Catalogue,
  type ChosenRelease,
  chooseVersions,
  followLinks,
  listReleases,
  makeLock,
  readRepository,
  writeLock,
} from "@keelson/manifest";
import {
  type EnvironmentFolder,
  KeelsonError,
  type Lock,
  type Problem,
  type Repository,
  type SourceFiles,
  decodeText,
  hintFor,
  needsLock,
  problemOf,
  quote,
  sortProblems,
  stalled,
} from "@keelson/model";
import { digestOfFiles } from "@keelson/nar";

import { requireSameInCommit } from "./committed-digest.ts";
import { requireUnchanged } from "./unchanged-file.ts";

/** What a lock says of a release. */
export type LockedRelease = Lock["releases"][string];

/** One release of an environment, as it was locked and as it is now; null where it is not in the lock. */
export interface LockChange {
  release: string;
  before: LockedRelease | null;
  after: LockedRelease | null;
}

/** The lock of one environment. */
export interface MadeLock {
  environment: string;
  /** Path in the repository. */
  file: string;
  text: string;
  /** Whether the file has another text, or is not there. */
  isChanged: boolean;
  changes: readonly LockChange[];
}

/**
 * Makes the locks of the environments of a work tree anew, of one where it is named: for each release the highest version in its
 * range, with the digest of its folder. Whatever is wrong elsewhere stops it only where a lock cannot be made without it. Writes
 * nothing. Throws K1110 for an environment that is not there, and what Git throws.
 */
export async function makeLocks(
  repository: string,
  { environment }: { environment?: string | undefined },
): Promise<{ locks: MadeLock[]; problems: Problem[] }> {
  const files = await (await readWorkTree(repository)).readFiles(["environments/", "releases/"]);
  return await locksOf(files, { environment });
}

/** The same of files that are read already; those of a work tree, links not followed. */
export async function locksOf(
  files: SourceFiles,
  { environment }: { environment?: string | undefined },
): Promise<{ locks: MadeLock[]; problems: Problem[] }> {
  const { repository, problems: found } = readRepository(followLinks(files));
  const all = [...repository.environments].filter(
    ([
      ,
      {
        environment: { value },
      },
    ]) => needsLock(value),
  );
  const asked = all.filter(
    ([name, folder]) =>
      environment === name || (environment === undefined && (folder.nodes.size > 0 || folder.lock !== null)),
  );
  // Of an environment that cannot be read at all nothing else says what is wrong.
  const unread = found.filter(
    ({ file }) => isAsked(file, environment) && !repository.environments.has(nameOf(file)),
  );
  if (environment !== undefined && asked.length === 0 && unread.length === 0)
    throw notThere(environment, repository);
  const catalogue = listReleases(files);
  const locks: MadeLock[] = [];
  const problems: Problem[] = [...unread];
  for (const [name, folder] of asked) {
    const made = await makeOne(folder, { name, files, catalogue, releases: repository.releases, found });
    problems.push(...made.problems);
    if (made.lock !== null) locks.push(made.lock);
  }
  return { locks, problems: sortProblems(problems) };
}

async function makeOne(
  folder: EnvironmentFolder,
  of: {
    name: string;
    files: SourceFiles;
    catalogue: Catalogue;
    releases: Repository["releases"];
    found: readonly Problem[];
  },
): Promise<{ lock: MadeLock | null; problems: Problem[] }> {
  const { chosen, problems } = chooseVersions(folder, of.catalogue);
  const digested = new Map<string, ChosenRelease>();
  for (const [name, version] of chosen) {
    const path = `releases/${name}/${version}`;
    const release = of.releases.get(`${name}@${version}`);
    const digest = await digestOfFiles(of.files.values(), path);
    // A version that cannot be read whole is not passed over for a lower one: nobody would see it.
    const wrong = of.found.filter(({ file }) => file === path || file.startsWith(`${path}/`));
    problems.push(...wrong);
    if (release !== undefined && digest !== null) digested.set(name, { version, folder: release, digest });
    else if (wrong.length === 0) problems.push(undigested(path));
  }
  const { lock, problems: unfit } = makeLock(folder, digested);
  problems.push(...unfit);
  if (problems.length > 0) return { lock: null, problems };
  const file = `${folder.folder}/lock.yaml`;
  const before = of.files.get(file);
  const text = writeLock(lock, before === undefined ? null : decodeText(before.bytes));
  const isChanged = before === undefined || decodeText(before.bytes) !== text;
  const changes = changesOf(folder.lock?.value.releases ?? {}, lock.releases);
  return { lock: { environment: of.name, file, text, isChanged, changes }, problems };
}

function changesOf(before: Lock["releases"], after: Lock["releases"]): LockChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((release) => {
    const change = { release, before: before[release] ?? null, after: after[release] ?? null };
    const isSame =
      change.before?.version === change.after?.version && change.before?.digest === change.after?.digest;
    return isSame ? [] : [change];
  });
}

/** Writes the locks that are not as they are in the work tree; null, for no commit. Throws K2012 when one cannot be written. */
export async function writeLocks(repository: string, locks: readonly MadeLock[]): Promise<null> {
  for (const { file, text, isChanged } of locks)
    if (isChanged) await writeWorkTreeFile(repository, { path: file, text });
  return null;
}

/**
 * Writes them, and commits all that changed in one commit; null where none did. Throws K2011 when one of them has other changes,
 * and what Git throws.
 */
export async function commitLocks(repository: string, locks: readonly MadeLock[]): Promise<string | null> {
  const changed = locks.filter(({ isChanged }) => isChanged);
  if (changed.length === 0) return null;
  for (const { file } of changed) await requireUnchanged(repository, file);
  await requireCommitted(repository, changed);
  await writeLocks(repository, changed);
  const names = changed.map(({ environment }) => environment).join(", ");
  const message = `lock(${names}): ${[...new Set(changed.flatMap(({ changes }) => changes.map(nameOfChange)))].join(", ")}`;
  return await commitFiles(repository, { paths: changed.map(({ file }) => file), message });
}

/** K2011: no node can follow a lock whose release is in no commit; K1459 where the commit has another one. */
export async function requireCommitted(repository: string, locks: readonly MadeLock[]): Promise<void> {
  const folders = locks.flatMap(({ changes }) =>
    changes.flatMap(({ release, after }) =>
      after === null ? [] : [`releases/${release}/${after.version}/`],
    ),
  );
  const dirty = (await listDirtyPaths(repository)).find((path) =>
    folders.some((folder) => path.startsWith(folder)),
  );
  if (dirty === undefined) {
    for (const { changes } of locks)
      for (const { release: name, after } of changes)
        if (after?.digest !== undefined)
          await requireSameInCommit(repository, { name, version: after.version, digest: after.digest });
    return;
  }
  throw new KeelsonError({
    code: "K2011",
    message: `${dirty} is in no commit, and lock.yaml would name its release`,
    hint: "Commit the release first; or write the lock alone, without --commit and --branch, and commit all of it yourself.",
    outcome: stalled,
  });
}

function nameOfChange({ release, after }: LockChange): string {
  return after === null ? `without ${release}` : `${release} ${after.version}`;
}

function isAsked(file: string, environment: string | undefined): boolean {
  if (!file.endsWith("/environment.yaml")) return false;
  return environment === undefined || nameOf(file) === environment;
}

function nameOf(file: string): string {
  return file.split("/")[1] ?? "";
}

function undigested(folder: string): Problem {
  return problemOf(`${folder}/release.yaml`, {
    code: "K1448",
    message: `${folder} holds something that cannot be read, so that it has no digest`,
    hint: "See what: keelson check",
  });
}

function notThere(environment: string, { environments }: Repository): KeelsonError {
  const isLocal = environments.has(environment);
  return new KeelsonError({
    code: isLocal ? "K1101" : "K1110",
    message: isLocal
      ? `environment ${environment} has local packages alone, and needs no lock`
      : `there is no environment ${quote(environment)}`,
    hint:
      (isLocal ? "Its nodes follow the commit: there is nothing to lock." : undefined) ??
      hintFor(environment, { known: [...environments.keys()], as: "environments" }) ??
      "See what is wrong with the repository: keelson check",
    outcome: stalled,
  });
}
