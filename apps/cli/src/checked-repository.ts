import { readOuterAttributes } from "@keelson/git";
import { findChangedReleases, findComposeBinary, wireDesired } from "@keelson/node";
import { type CheckResult, checkRevision } from "@keelson/reconcile";

import { openRevision } from "./source.ts";

/** All that is wrong in a state repository, at a revision or in its work tree. */
export async function checkRepository(options: {
  repository: string;
  revision?: string;
}): Promise<CheckResult> {
  const revision = await openRevision(options);
  const composeBinary = await findComposeBinary(process.env);
  const ports = wireDesired({ composeBinary, emit: () => {} });
  const attributes = await readOuterAttributes(options.repository, options);
  return checkRevision(revision, {
    ...ports,
    attributes,
    findChangedReleases: async (files) =>
      findChangedReleases(options.repository, { files, revision: options.revision ?? null }),
  });
}
