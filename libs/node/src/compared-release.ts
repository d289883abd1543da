import { listAsks } from "@keelson/compose";
import { readWorkTree } from "@keelson/git";
import { type ComparedReleases, compareVersions } from "@keelson/reconcile";

import type { ReleaseName } from "./release-name.ts";

/** Compares two releases of a work tree. Throws K1102 for one that cannot be read or is not there, and what Git throws. */
export async function compareWorkTree(
  repository: string,
  names: { before: ReleaseName; after: ReleaseName },
): Promise<ComparedReleases> {
  const files = await (await readWorkTree(repository)).readFiles(["releases/"]);
  return await compareVersions(files, { ...names, listAsks });
}
