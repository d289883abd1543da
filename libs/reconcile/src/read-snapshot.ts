import { findEnvironmentFolders, findLockedFolders, followLinks, readRepository } from "@keelson/manifest";
import { type Problem, type Repository, type Snapshot, type SourceFiles, sortProblems } from "@keelson/model";
import { type NodeReference, withConcerned } from "@keelson/render";

import { type ReleaseDigests, findDigestFaults, readReleaseDigests } from "./digest-fault.ts";
import { readLocal } from "./read-local.ts";
import { findScheduleFaults } from "./schedule-fault.ts";

/**
 * Reads only the environment, what it extends, the releases of its lock and its local packages: a mistake elsewhere must not
 * stop this node. The problems say which instances they concern. `releaseFiles` and `releaseDigests`: of those releases, with no link
 * followed.
 */
export async function readSnapshot(
  snapshot: Snapshot,
  { environment }: NodeReference,
): Promise<{
  repository: Repository;
  problems: Problem[];
  releaseFiles: SourceFiles;
  releaseDigests: ReleaseDigests;
}> {
  // Before the others are left out, to which a link may lead.
  const environments = followLinks(await snapshot.readFiles(["environments/"]));
  const isThere = [...environments.keys()].some((path) => path.startsWith(`environments/${environment}/`));
  // For an environment that is missing, read the others to name them in the problem. Their own problems do not matter.
  const folders = isThere ? findEnvironmentFolders(environments, environment) : ["environments/"];
  const mine = new Map(
    [...environments].filter(([path]) => folders.some((folder) => path.startsWith(folder))),
  );
  const releases = await snapshot.readFiles(findLockedFolders(environments, environment));
  const { repository, problems } = readRepository(
    new Map([...mine, ...releases]),
    await readLocal(snapshot, mine),
  );
  const releaseDigests = await readReleaseDigests(repository, releases);
  const found = [
    ...problems,
    ...(await findScheduleFaults(repository)),
    ...findDigestFaults(repository, releaseDigests),
  ];
  const scene = { repository, environment: repository.environments.get(environment) };
  return {
    repository,
    problems: isThere ? withConcerned(sortProblems(found), scene) : [],
    releaseFiles: releases,
    releaseDigests,
  };
}
