import { listTags } from "@keelson/git";
import { listReleases } from "@keelson/manifest";
import {
  KeelsonError,
  type Repository,
  type SourceFiles,
  compareText,
  hintFor,
  isLocalReference,
  quote,
  stalled,
} from "@keelson/model";
import type { LockOwner } from "@keelson/reconcile";

import { tagOf } from "./published-release.ts";

interface Known {
  read: Repository;
  files: SourceFiles;
}

/** As a person names it: `shop@1.2.0` or `./apps/wiki`. */
export function nameOfOwner(owner: LockOwner): string {
  return owner.kind === "local" ? owner.reference : `${owner.name}@${owner.version}`;
}

/**
 * Whose images are to be locked. Where nothing is named: of each release the highest version, unless it is published, and each local
 * package that has a lock of images already. Throws K1102 and K1455 for what is not there, and what Git throws.
 */
export async function chooseLockOwners(
  repository: string,
  { asked, ...known }: Known & { asked: readonly string[] },
): Promise<LockOwner[]> {
  if (asked.length > 0) return [...new Set(asked)].map((name) => ownerOf(name, known));
  const tags = new Set(await listTags(repository, "release/"));
  const next = [...listReleases(known.files)]
    .flatMap(([name, [version]]) => (version === undefined ? [] : [{ name, version }]))
    .filter((release) => !tags.has(tagOf(release)))
    .sort((a, b) => compareText(a.name, b.name));
  const local = [...known.read.local].filter(([, { imageLock }]) => imageLock !== null).map(([name]) => name);
  return [
    ...next.map(({ name, version }) => ownerOf(`${name}@${version}`, known)),
    ...local.sort(compareText).map((name) => ownerOf(name, known)),
  ];
}

function ownerOf(asked: string, known: Known): LockOwner {
  if (isLocalReference(asked)) return localOwner(asked.replace(/\/+$/, ""), known.read);
  const [, name = "", said] = /^(?:releases\/)?([^/@]+)(?:[@/]([^/@]+))?\/?$/.exec(asked) ?? [];
  const versions = listReleases(known.files).get(name) ?? [];
  const version = said ?? versions[0] ?? "";
  const folder = known.read.releases.get(`${name}@${version}`);
  if (folder !== undefined) return { kind: "release", name, version, folder };
  const isThere = versions.includes(version);
  throw new KeelsonError({
    code: "K1102",
    message: isThere
      ? `releases/${name}/${version} cannot be read`
      : `there is no release ${quote(asked)} in releases/`,
    hint: isThere
      ? "See what is wrong with it: keelson check"
      : versions.length > 0
        ? `Versions there: ${versions.slice(0, 8).join(", ")}`
        : (hintFor(name, { known: [...listReleases(known.files).keys()], as: "releases there" }) ??
          "Name NAME@VERSION of a release, or ./DIR of a local package."),
    outcome: stalled,
  });
}

function localOwner(reference: string, { local }: Repository): LockOwner {
  const folder = local.get(reference);
  if (folder !== undefined) return { kind: "local", reference, folder };
  throw new KeelsonError({
    code: "K1455",
    message: `no environment has an instance of ${quote(reference)} that can be read`,
    hint:
      hintFor(reference, { known: [...local.keys()], as: "local packages" }) ??
      "Name the folder as environment.yaml does, such as ./apps/wiki, or see what is wrong: keelson check",
    outcome: stalled,
  });
}
