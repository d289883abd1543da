import semver from "semver";

import {
  type EnvironmentFolder,
  type Problem,
  type SourceFiles,
  problemAt,
  quote,
  versionPattern,
} from "@keelson/model";

import { layerOf } from "./scene.ts";
import { isVersionRange } from "./version-range.ts";

/** The versions that there are of each release, the highest first. */
export type Catalogue = ReadonlyMap<string, readonly string[]>;

/** What the folders `releases/<name>/<version>/` offer, whether or not they can be read. */
export function listReleases(files: SourceFiles): Map<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const path of files.keys()) {
    const [, name, version] = /^releases\/([^/]+)\/([^/]+)\//.exec(path) ?? [];
    if (name === undefined || version === undefined || !versionPattern.test(version)) continue;
    found.set(name, (found.get(name) ?? new Set<string>()).add(version));
  }
  return new Map([...found].map(([name, versions]) => [name, [...versions].sort(semver.rcompare)]));
}

/**
 * For each release of an environment the highest version in its range, whatever is locked; K1450 for each range in which there
 * is none. Pre-releases count only where the range names one of the same version.
 */
export function chooseVersions(
  environment: EnvironmentFolder,
  catalogue: Catalogue,
): { chosen: Map<string, string>; problems: Problem[] } {
  const chosen = new Map<string, string>();
  const problems: Problem[] = [];
  for (const [name, range] of Object.entries(environment.environment.value.releases)) {
    if (!isVersionRange(range)) continue;
    const versions = catalogue.get(name) ?? [];
    const best = semver.maxSatisfying([...versions], range);
    if (best === null) problems.push(nothingIn(environment, { name, range, versions }));
    else chosen.set(name, best);
  }
  return { chosen, problems };
}

/** Whether a range has a version, as `chooseVersions` judges it. */
export function isInRange(version: string, range: string): boolean {
  return semver.satisfies(version, range);
}

function nothingIn(
  environment: EnvironmentFolder,
  { name, range, versions }: { name: string; range: string; versions: readonly string[] },
): Problem {
  const layer = layerOf({ environment }, { part: "releases", name });
  const known = versions.slice(0, 5);
  const message =
    known.length === 0
      ? `there is no release ${quote(name)} in releases/`
      : `no version of ${quote(name)} is in the range ${range}; there ${known.length === 1 ? "is" : "are"} ${known.join(", ")}`;
  const hint =
    known.length === 0
      ? `Bring the release to releases/${name}/<version>, or take it out of the environment.`
      : "Change the range, or publish a version in it.";
  return problemAt(layer, { code: "K1450", path: `releases.${name}`, message, hint, part: "value" });
}
