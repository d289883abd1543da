import { findLockedFolders, readRepository } from "@keelson/manifest";
import { type Problem, type Repository, type Revision, sortProblems } from "@keelson/model";
import type { NodeReference } from "@keelson/render";

/** Reads only the environments and the releases that the lock names; a problem elsewhere is not this node's. */
export async function readRevision(
  revision: Revision,
  reference: NodeReference,
): Promise<{ repository: Repository; problems: Problem[] }> {
  const environmentFiles = await revision.readFiles(["environments/"]);
  const releaseFiles = await revision.readFiles(findLockedFolders(environmentFiles, reference.environment));
  const { repository, problems } = readRepository(new Map([...environmentFiles, ...releaseFiles]));
  const layers = repository.environments.get(reference.environment)?.layers;
  const folders = layers?.map(({ file }) => file.slice(0, file.lastIndexOf("/") + 1)) ?? ["environments/"];
  const mine = ["releases/", `environments/${reference.environment}/`, ...folders];
  return {
    repository,
    problems: sortProblems(problems.filter(({ file }) => mine.some((prefix) => file.startsWith(prefix)))),
  };
}
