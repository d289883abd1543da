import {
  type EnvironmentFolder,
  type Lock,
  type Problem,
  type ReleaseFolder,
  compareText,
  hintFor,
  isLocalReference,
  problemAt,
  quote,
} from "@keelson/model";

import { layerOf } from "./scene.ts";
import { writeBlock } from "./written-yaml.ts";

/** A release that was chosen, with the digest of its folder. */
export interface ChosenRelease {
  version: string;
  folder: ReleaseFolder;
  digest: string;
}

/**
 * The lock of an environment for the releases that were chosen for it. K1116 for an instance whose package the release does not
 * have.
 */
export function makeLock(
  environment: EnvironmentFolder,
  chosen: ReadonlyMap<string, ChosenRelease>,
): { lock: Lock; problems: Problem[] } {
  const problems: Problem[] = [];
  const lock: Lock = { releases: {}, instances: {} };
  for (const [name, { version, digest }] of sorted(chosen)) lock.releases[name] = { version, digest };
  for (const [name, instance] of sorted(Object.entries(environment.environment.value.instances))) {
    if (isLocalReference(instance.package) || instance.state === "absent") continue;
    const [release = "", packageName = ""] = instance.package.split("/");
    const found = chosen.get(release)?.folder;
    const version = found?.packages.get(packageName)?.package.value.version;
    if (version !== undefined) lock.instances[name] = { package: instance.package, version };
    else if (found !== undefined)
      problems.push(noPackage(environment, { name, packageName, release: found }));
  }
  return { lock, problems };
}

function noPackage(
  environment: EnvironmentFolder,
  { name, packageName, release }: { name: string; packageName: string; release: ReleaseFolder },
): Problem {
  const { name: releaseName, version } = release.release.value;
  return problemAt(layerOf({ environment }, { part: "instances", name }), {
    code: "K1116",
    path: `instances.${name}.package`,
    part: "value",
    message: `release ${quote(releaseName)} ${version} has no package ${quote(packageName)} that can be read`,
    hint: hintFor(packageName, { known: [...release.packages.keys()], as: "packages there" }),
  });
}

function sorted<V>(entries: Iterable<readonly [string, V]>): (readonly [string, V])[] {
  return [...entries].sort(([a], [b]) => compareText(a, b));
}

/** The text of a lock; comments at the top of the one before stay. */
export function writeLock(lock: Lock, before: string | null): string {
  const top = before === null ? header : (/^(?:#.*\n|\s*\n)*/.exec(before)?.[0] ?? "");
  return `${top}${writeBlock(lock).join("\n")}\n`;
}

const header = "# Written by keelson lock: what the nodes follow. Review it, and leave it as it is.\n";
