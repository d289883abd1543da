import {
  sortProblems,
  type PackageFolder,
  type Problem,
  type ReleaseFolder,
  type Repository,
  type SourceFiles,
  withoutRepeats,
} from "@keelson/model";

import { findTooMuch } from "./document-budget.ts";
import { type EnvironmentDocuments, readEnvironmentFolder } from "./environment-folder.ts";
import { extendEnvironments } from "./extension.ts";
import { checkGrants } from "./grant-check.ts";
import { checkImages } from "./image-check.ts";
import { checkInterfaces } from "./interface-check.ts";
import { checkLock } from "./lock-check.ts";
import { checkPlacement } from "./placement-check.ts";
import { checkReferences } from "./reference-check.ts";
import { readReleaseFolder } from "./release-folder.ts";
import { type LocalFiles, readLocalPackages } from "./local-packages.ts";
import { type Scene, releaseKey, sceneOf } from "./scene.ts";
import { strayAbove } from "./stray-file.ts";
import { readTree } from "./tree.ts";

/**
 * Reads the releases and environments among the files, with all their problems, sorted by place. Of a document with
 * problems there is what could be made of it, so that they do not hide what else is wrong: whoever uses it must ask for problems first. Releases that no lock names may be missing. When the documents together are too
 * large, none is read. `local` is what was read for local packages, where that is not among the files. Never throws, whatever
 * the bytes.
 */
export function readRepository(
  files: SourceFiles,
  local: LocalFiles = { files, listed: [...files.keys()] },
): { repository: Repository; problems: Problem[]; warnings: Problem[] } {
  const tree = readTree(files);
  const tooMuch = findTooMuch(new Map([...files, ...local.files]));
  if (tooMuch.length > 0) {
    return {
      repository: { releases: new Map(), environments: new Map(), local: new Map(), packages: [] },
      problems: sortProblems([...tree.problems, ...tooMuch]),
      warnings: [],
    };
  }
  const problems: Problem[] = [...tree.problems, ...strayAbove(tree.stray)];
  const releases = new Map<string, ReleaseFolder>();
  const packages: PackageFolder[] = [];
  for (const [path, inside] of tree.releases) {
    const read = readReleaseFolder({ path, files: inside });
    problems.push(...read.problems);
    packages.push(...read.packages.values());
    if (read.releaseFolder !== null) releases.set(releaseKey(path), read.releaseFolder);
  }
  const all = new Map<string, EnvironmentDocuments>();
  for (const [path, inside] of tree.environments) {
    const read = readEnvironmentFolder({ path, files: inside });
    problems.push(...read.problems);
    all.set(read.documents.name, read.documents);
  }
  const extended = extendEnvironments(all, local.listed);
  const found = readLocalPackages(extended.environments.values(), local);
  problems.push(...extended.problems, ...found.problems);
  packages.push(...found.packages.values());
  for (const [name, environment] of extended.environments) {
    const documents = all.get(name);
    if (documents === undefined || isBase(documents)) continue;
    problems.push(...checkEnvironment(sceneOf({ environment, documents, tree, releases, local: found })));
  }
  return {
    repository: { releases, environments: extended.environments, local: found.packages, packages },
    // What stands in a base is found once for each environment that extends it.
    problems: withoutRepeats(sortProblems(problems)),
    warnings: sortProblems(found.warnings),
  };
}

function checkEnvironment(scene: Scene): Problem[] {
  return [
    ...checkLock(scene),
    ...checkReferences(scene),
    ...checkImages(scene),
    ...checkPlacement(scene),
    ...checkInterfaces(scene),
    ...checkGrants(scene),
  ];
}

/** An environment that only others extend: it needs no lock, and is judged inside those that extend it. */
function isBase({ files }: EnvironmentDocuments): boolean {
  return ![...files.keys()].some((path) => path === "lock.yaml" || path.startsWith("nodes/"));
}
