import { listTags, readWorkTree } from "@keelson/git";
import { followLinks, listReleases, readRepository } from "@keelson/manifest";
import { compareText } from "@keelson/model";
import { digestOfFiles } from "@keelson/nar";

import { findChangedReleases, tagOf } from "./published-release.ts";
import type { ReleaseName } from "./release-name.ts";

/** A release of a work tree. */
export interface ListedRelease extends ReleaseName {
  /** Null where it cannot be read whole. */
  digest: string | null;
  /** Whether there is a tag for it, and whether its folder has other content than that. */
  published: "yes" | "no" | "changed since";
  /** Environments whose lock has this version. */
  lockedBy: readonly string[];
}

/** The releases of a work tree, each with its versions, the highest first. Throws what Git throws. */
export async function listWorkTreeReleases(repository: string): Promise<ListedRelease[]> {
  const files = await (await readWorkTree(repository)).readFiles(["releases/", "environments/"]);
  const { environments } = readRepository(followLinks(files)).repository;
  const tags = new Set(await listTags(repository, "release/"));
  const changed = new Set(
    (await findChangedReleases(repository, { files, revision: null })).map(({ file }) => file),
  );
  const rows: ListedRelease[] = [];
  for (const [name, versions] of [...listReleases(files)].sort(([a], [b]) => compareText(a, b))) {
    for (const version of versions) {
      const folder = `releases/${name}/${version}`;
      const isPublished = tags.has(tagOf({ name, version }));
      const published = changed.has(`${folder}/release.yaml`) ? "changed since" : isPublished ? "yes" : "no";
      const lockedBy = [...environments].flatMap(([environment, { lock }]) =>
        lock?.value.releases[name]?.version === version ? [environment] : [],
      );
      const digest = await digestOfFiles(files.values(), folder);
      rows.push({ name, version, digest, published, lockedBy: lockedBy.sort(compareText) });
    }
  }
  return rows;
}
