import { findEnvironmentFolders, findLockedFolders, followLinks, readRepository } from "@keelson/manifest";
import { type Problem, type Repository, type Snapshot, sortProblems } from "@keelson/model";
import type { NodeReference } from "@keelson/render";

/** Reads only the environment, what it extends and the releases its lock names: a mistake elsewhere is not this node's. */
export async function readSnapshot(
  snapshot: Snapshot,
  { environment }: NodeReference,
): Promise<{ repository: Repository; problems: Problem[] }> {
  // Before the others are left out, to which a link may lead.
  const environments = followLinks(await snapshot.readFiles(["environments/"]));
  const isThere = [...environments.keys()].some((path) => path.startsWith(`environments/${environment}/`));
  // Whoever names one that is not there is told which there are; what is wrong with those is not his concern.
  const folders = isThere ? findEnvironmentFolders(environments, environment) : ["environments/"];
  const mine = [...environments].filter(([path]) => folders.some((folder) => path.startsWith(folder)));
  const releases = await snapshot.readFiles(findLockedFolders(environments, environment));
  const { repository, problems } = readRepository(new Map([...mine, ...releases]));
  return { repository, problems: isThere ? sortProblems(problems) : [] };
}
