import {
  commitFiles,
  readWorkTree,
  requireNewBranch,
  switchToNewBranch,
  writeWorkTreeFile,
} from "@keelson/git";
import {
  type RaisedRange,
  followLinks,
  isInRange,
  isVersionRange,
  listReleases,
  raiseRange,
  readRepository,
} from "@keelson/manifest";
import {
  KeelsonError,
  type Problem,
  type SourceFile,
  type SourceFiles,
  hintFor,
  quote,
  stalled,
} from "@keelson/model";

import { type LockChange, type MadeLock, locksOf, requireCommitted } from "./lock-state.ts";
import { requireUnchanged } from "./unchanged-file.ts";

export interface UpgradeRequest {
  release: string;
  /** Null: the highest version in the range that is there. */
  range: string | null;
  /** Only this environment; all that use the release otherwise. */
  environment?: string | undefined;
}

/** What an upgrade changes in a work tree. */
export interface StateUpgrade {
  /** Documents of environments with another range. */
  ranges: readonly RaisedRange[];
  /** The locks of all environments that it concerns, also one that stays as it is. */
  locks: readonly MadeLock[];
  problems: readonly Problem[];
  /** Environments whose range leaves out the highest version there is, pre-releases apart. */
  beyond: readonly { environment: string; range: string; version: string }[];
}

/**
 * What has to be changed so that environments run a release in another range, or the highest version in the present one. Writes
 * nothing. Throws K1003 for what is no range, K1115 where no environment uses the release, and what Git throws.
 */
export async function proposeUpgrade(repository: string, request: UpgradeRequest): Promise<StateUpgrade> {
  const { release, range, environment } = request;
  if (range !== null && (range.trim() === "" || !isVersionRange(range))) throw noRange(range);
  const files = await (await readWorkTree(repository)).readFiles(["environments/", "releases/"]);
  const { environments } = readRepository(followLinks(files)).repository;
  const using = [...environments].filter(
    ([name, folder]) =>
      (environment === undefined || environment === name) &&
      Object.hasOwn(folder.environment.value.releases, release) &&
      (folder.nodes.size > 0 || folder.lock !== null),
  );
  if (using.length === 0)
    throw notUsed(request, [
      ...new Set(
        [...environments.values()].flatMap(({ environment: { value } }) => Object.keys(value.releases)),
      ),
    ]);
  const ranges = new Map<string, RaisedRange>();
  for (const [, folder] of using) {
    const raised = range === null ? null : raiseRange(folder, { release, range, files });
    if (raised !== null) ranges.set(raised.file, raised);
  }
  const changed = withTexts(files, ranges);
  const made = await Promise.all(using.map(async ([name]) => locksOf(changed, { environment: name })));
  const highest = (listReleases(files).get(release) ?? []).find((version) => !version.includes("-"));
  const beyond = using.flatMap(
    ([
      name,
      {
        environment: { value },
      },
    ]) => {
      const asked = range ?? value.releases[release];
      if (highest === undefined || asked === undefined || isInRange(highest, asked)) return [];
      return [{ environment: name, range: asked, version: highest }];
    },
  );
  return {
    ranges: [...ranges.values()],
    locks: made.flatMap(({ locks }) => locks),
    problems: made.flatMap(({ problems }) => problems),
    beyond,
  };
}

function withTexts(files: SourceFiles, ranges: ReadonlyMap<string, RaisedRange>): SourceFiles {
  return new Map(
    [...files].map(([path, file]): [string, SourceFile] => {
      const text = ranges.get(path)?.text;
      return [path, text === undefined ? file : { ...file, bytes: new TextEncoder().encode(text) }];
    }),
  );
}

/** Writes what an upgrade changes. Throws K2012 when a file cannot be written. */
export async function writeUpgrade(repository: string, upgrade: StateUpgrade): Promise<void> {
  for (const { path, text } of textsOf(upgrade)) await writeWorkTreeFile(repository, { path, text });
}

/**
 * Throws K2011 where what an upgrade would commit has other changes, or is to name a release that no commit has, and K2012 where its
 * branch cannot be made: before anything is written.
 */
export async function requireCommittable(
  repository: string,
  { upgrade, branch }: { upgrade: StateUpgrade; branch: string | null },
): Promise<void> {
  if (branch !== null) await requireNewBranch(repository, branch);
  // Also where there is nothing to write: an upgrade that somebody has left there would look like none.
  const paths = [...textsOf(upgrade).map(({ path }) => path), ...upgrade.locks.map(({ file }) => file)];
  for (const path of new Set(paths)) await requireUnchanged(repository, path);
  await requireCommitted(repository, upgrade.locks);
}

/** Commits what an upgrade wrote, on a new branch where one is named. Returns the commit. Throws what Git throws. */
export async function commitUpgrade(
  repository: string,
  { upgrade, branch, release }: { upgrade: StateUpgrade; branch: string | null; release: string },
): Promise<string> {
  if (branch !== null) await switchToNewBranch(repository, branch);
  const environments = upgrade.locks.map((each) => each.environment).join(", ");
  const message = `upgrade(${environments}): ${release} ${versionsOf(upgrade, release).join(", ")}`;
  return await commitFiles(repository, { paths: textsOf(upgrade).map(({ path }) => path), message });
}

/** The versions of a release that locks have after an upgrade. */
export function versionsOf({ locks }: StateUpgrade, release: string): string[] {
  const after = (change: LockChange) =>
    change.release === release && change.after !== null ? [change.after.version] : [];
  return [...new Set(locks.flatMap(({ changes }) => changes.flatMap(after)))];
}

function textsOf({ ranges, locks }: StateUpgrade): { path: string; text: string }[] {
  return [
    ...ranges.map(({ file, text }) => ({ path: file, text })),
    ...locks.flatMap(({ file, text, isChanged }) => (isChanged ? [{ path: file, text }] : [])),
  ];
}

function noRange(range: string): KeelsonError {
  return new KeelsonError({
    code: "K1003",
    message: `${quote(range)} is not a version range`,
    hint: "Write one such as ^1.9.0 or 1.9.2, in quotes where the shell would read it.",
    outcome: stalled,
  });
}

function notUsed({ release, environment }: UpgradeRequest, known: readonly string[]): KeelsonError {
  return new KeelsonError({
    code: "K1114",
    message:
      environment === undefined
        ? `no environment uses a release ${quote(release)}`
        : `environment ${environment} does not use a release ${quote(release)}`,
    hint: hintFor(release, { known, as: "releases in use" }) ?? "See what is wrong with it: keelson check",
    outcome: stalled,
  });
}
