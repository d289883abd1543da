import { listReleases } from "@keelson/manifest";
import {
  type Candidate,
  KeelsonError,
  type Problem,
  type Repository,
  type Snapshot,
  type SourceFile,
  hintFor,
  quote,
  stalled,
} from "@keelson/model";
import { digestOfFiles, treeOfFiles } from "@keelson/nar";
import type { NodeReference } from "@keelson/render";

import { targetAt } from "./choose-target.ts";
import type { Ports } from "./ports.ts";
import { type WantedRelease, withVersion } from "./proposed-version.ts";
import { readSnapshot } from "./read-snapshot.ts";
import { type StagedImage, stageImages } from "./staged-images.ts";
import { newWalk, walkPath } from "./walk-path.ts";

export interface StagedOnce {
  release: WantedRelease;
  files: "staged" | "kept" | "mended";
  /** Null where it cannot be told which images would be used. */
  images: StagedImage[] | null;
  /** What is wrong with instances of the release at that version. */
  problems: Problem[];
}

interface StagingRequest {
  reference: NodeReference;
  name: string;
  /** Null: the version that the environment's lock names. */
  version: string | null;
  signal: AbortSignal;
}

/**
 * Stages one release from the node's branch: its files, and the images that this node's instances of it would use. Without an answer
 * of Git from the commit that was followed last, and where there is none, a version that is in the store is only checked. Throws K1102
 * and K1114 for what is not there, the error of a branch that may not be followed, and what Git, engine and store throw.
 */
export async function stageOnce(ports: Ports, request: StagingRequest): Promise<StagedOnce> {
  const [candidate] = await ports.findCandidates();
  const source = candidate === undefined ? null : sourceOf(candidate);
  if (source instanceof KeelsonError) return checkStored(ports, { request, error: source });
  if (source === null) throw notThere(request, []);
  const release = await findRelease(source, request);
  const folder = `releases/${release.name}/${release.version}`;
  const files = await ports.store.stageRelease({
    release,
    readTree: async () => treeOfFiles((await source.readFiles([`${folder}/`])).values(), folder),
    isThorough: true,
  });
  const { reference, signal } = request;
  const { environment } = reference;
  const walk = newWalk();
  await walkPath(walk, {
    reference,
    target: targetAt(await withVersion(source, { environment, release })),
    // Of a plan that nobody carries out nothing is told.
    ports: { ...ports, emit: (event) => (event.type.startsWith("step-") ? ports.emit(event) : undefined) },
    until: "plan",
  });
  const images = await stageImages(walk, { release: release.name, environment, ports, signal });
  const isOfIt = ({ instances }: Problem) =>
    instances === undefined ||
    instances.some((instance) => isOf(walk.repository, { name: release.name, environment, instance }));
  return { release, files, images, problems: walk.problems.filter(isOfIt) };
}

/** Whether an instance is one of the release. */
function isOf(
  repository: Repository | null,
  { environment, name, instance }: { environment: string; name: string; instance: string },
): boolean {
  const found = repository?.environments.get(environment)?.environment.value.instances[instance];
  return found?.package.startsWith(`${name}/`) === true;
}

/** What the branch shows, or what was followed last while it cannot be asked. The error where neither is there. Throws what it is refused for. */
function sourceOf({ verdict, last }: Candidate): Snapshot | KeelsonError {
  if (verdict.kind === "accepted") return verdict.snapshot;
  if (verdict.kind === "refused") throw verdict.error;
  return last ?? verdict.error;
}

async function findRelease(
  snapshot: Snapshot,
  { reference, name, version: asked }: StagingRequest,
): Promise<WantedRelease> {
  const { environment } = reference;
  const { repository } = await readSnapshot(snapshot, reference);
  const locks = repository.environments.get(environment)?.lock?.value.releases ?? {};
  const locked = Object.hasOwn(locks, name) ? locks[name] : undefined;
  const version = asked ?? locked?.version;
  if (version === undefined) throw notUsed({ name, environment, known: Object.keys(locks) });
  const folder = `releases/${name}/${version}`;
  const digest = await digestOfFiles((await snapshot.readFiles([`${folder}/`])).values(), folder);
  if (digest === null) {
    const paths = await snapshot.listPaths([`releases/${name}/`]);
    throw notThere({ name, version }, [...versionsIn(paths, name)]);
  }
  if (locked?.version === version && locked.digest !== undefined && locked.digest !== digest)
    throw notLocked(folder, digest);
  return { name, version, digest };
}

function versionsIn(paths: readonly string[], name: string): string[] {
  const files = paths.map((path): [string, SourceFile] => [
    path,
    { path, mode: "100644", bytes: new Uint8Array() },
  ]);
  return listReleases(new Map(files)).get(name) ?? [];
}

/** Without Git, what is there already can still be read through. */
async function checkStored(
  ports: Pick<Ports, "store">,
  { request, error }: { request: StagingRequest; error: KeelsonError },
): Promise<StagedOnce> {
  const { name, version } = request;
  const found = (await ports.store.listStaged()).findLast(
    (each) => each.release === name && (version === null || each.version === version) && each.digest !== null,
  );
  if (found === undefined || found.digest === null) throw error;
  const release = { name, version: found.version, digest: found.digest };
  const readTree = async () => Promise.reject(error);
  const files = await ports.store.stageRelease({ release, readTree, isThorough: true });
  return { release, files, images: null, problems: [] };
}

function notUsed({
  name,
  environment,
  known,
}: {
  name: string;
  environment: string;
  known: readonly string[];
}): KeelsonError {
  return new KeelsonError({
    code: "K1114",
    message: `environment ${environment} does not use a release ${quote(name)}`,
    hint: hintFor(name, { known, as: "releases in use" }) ?? "Name a version: keelson stage NAME@VERSION.",
    outcome: stalled,
  });
}

function notThere(
  { name, version }: { name: string; version: string | null },
  known: readonly string[],
): KeelsonError {
  const what = version === null ? name : `${name}@${version}`;
  return new KeelsonError({
    code: "K1102",
    message: `the node's branch has no release ${quote(what)} that can be read whole`,
    hint:
      known.length === 0
        ? "Push the release to the branch that the node follows."
        : `Versions there: ${known.slice(0, 8).join(", ")}`,
    outcome: stalled,
  });
}

function notLocked(folder: string, digest: string): KeelsonError {
  return new KeelsonError({
    code: "K1446",
    message: `${folder} is not what was locked: its digest is ${digest}`,
    hint: `keelson release verify ${folder} names the first path that differs, in a clone of the state repository.`,
    outcome: stalled,
  });
}
