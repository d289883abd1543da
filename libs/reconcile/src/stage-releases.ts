import {
  type StagingOutcome,
  compareText,
  isLocalReference,
  nothingStaged,
  resourceIds,
  stagedEntryName,
} from "@keelson/model";
import { treeOfFiles } from "@keelson/nar";

import { isSuspended } from "./choose-target.ts";
import type { ReleaseDigests } from "./digest-fault.ts";
import { settle } from "./error-of.ts";
import { collectUnneeded } from "./kept-release.ts";
import type { Ports, StorePort } from "./ports.ts";
import type { Walk } from "./walk-path.ts";

interface LockedRelease {
  name: string;
  version: string;
  /** Of the files at the revision; null where they were not read whole, or are not what the lock says: problems tell why. */
  digest: string | null;
}

type StagingWalk = Pick<
  Walk,
  "target" | "repository" | "releaseFiles" | "releaseDigests" | "rendered" | "observed"
>;

/**
 * Stages the releases that the revision's lock names for this node, those of held instances too, whatever else withholds action:
 * only while a person does so, nothing is written. What is new makes room by what nothing needs. Never throws: an error of one release
 * leaves the others, and the round, to go on.
 */
export async function stageReleases(
  walk: StagingWalk,
  { ports, environment }: { ports: Pick<Ports, "store">; environment: string },
): Promise<StagingOutcome> {
  const { target, releaseFiles: files, releaseDigests: digests } = walk;
  if (target === null || isSuspended(target) || files === null || digests === null) return nothingStaged;
  const locked = findLocked(walk, { environment, digests });
  if (locked === null) return nothingStaged;
  const failures: StagingOutcome["failures"] = [];
  const releases: string[] = [];
  let isNew = false;
  for (const { name, version, digest } of locked) {
    if (digest === null) continue;
    const readTree = async () => Promise.resolve(treeOfFiles(files.values(), `releases/${name}/${version}`));
    const { value: result, error } = await settle(
      async () =>
        ports.store.stageRelease({ release: { name, version, digest }, readTree, isThorough: false }),
      null,
    );
    if (result === null) failures.push({ resource: resourceIds.release(name, version), error });
    else releases.push(`${name}@${version}`);
    isNew ||= result === "staged" || result === "mended";
  }
  const { error } = await settle(async () => {
    await noteDesired(ports.store, locked);
    const { observed } = walk;
    if (!isNew || observed === null) return;
    const binds = [...observed.containers.flatMap((each) => each.binds), ...(observed.otherBinds ?? [])];
    await collectUnneeded(ports.store, { binds });
  }, undefined);
  const outcome = { releases: releases.sort(compareText), failures };
  return error === null ? outcome : withFailure(outcome, error);
}

/** The releases of this node's instances, sorted by name; null where that cannot be told. */
function findLocked(
  { repository, rendered }: StagingWalk,
  { environment, digests }: { environment: string; digests: ReleaseDigests },
): LockedRelease[] | null {
  const found = repository?.environments.get(environment);
  if (found === undefined || found.lock === null || rendered === null) return null;
  const { instances } = found.environment.value;
  const here = rendered.places.filter(({ isElsewhere }) => !isElsewhere);
  const references = here.flatMap(({ name }) => instances[name]?.package ?? []);
  const names = references
    .filter((reference) => !isLocalReference(reference))
    .map((reference) => reference.slice(0, reference.indexOf("/")));
  const releases: LockedRelease[] = [];
  for (const name of [...new Set(names)].sort(compareText)) {
    const entry = found.lock.value.releases[name];
    if (entry === undefined) continue;
    const { version, digest: locked } = entry;
    const digest = digests.get(`releases/${name}/${version}`) ?? null;
    releases.push({ name, version, digest: locked === undefined || locked === digest ? digest : null });
  }
  return releases;
}

/** Notes what the node is to have. Of a release whose files were not read whole, what was noted before stays: unknown is never absent. */
async function noteDesired(store: StorePort, locked: readonly LockedRelease[]): Promise<void> {
  const before = (await store.readNeeds()) ?? { desired: [], lastGood: [] };
  const known = locked.flatMap(({ digest, ...release }) =>
    digest === null ? [] : [stagedEntryName({ ...release, digest })],
  );
  const isWhole = known.length === locked.length;
  const desired = [...new Set([...known, ...(isWhole ? [] : before.desired)])].sort(compareText);
  // The note of nothing is none: a node without releases has no store.
  if (desired.length + before.desired.length > 0) await store.writeNeeds({ ...before, desired });
}

/** After a commit was applied: what was staged for it is what the node can go back to. Never throws. */
export async function noteLastGood(
  { store }: Pick<Ports, "store">,
  staging: StagingOutcome,
): Promise<StagingOutcome> {
  const { error } = await settle(async () => {
    const needs = await store.readNeeds();
    if (needs !== null) await store.writeNeeds({ ...needs, lastGood: needs.desired });
  }, undefined);
  return error === null ? staging : withFailure(staging, error);
}

function withFailure({ releases, failures }: StagingOutcome, error: unknown): StagingOutcome {
  return { releases, failures: [...failures, { resource: "store", error }] };
}
