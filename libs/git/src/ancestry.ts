import * as fs from "node:fs";

import { readCommit } from "isomorphic-git";

import { foreignCode, gitError, isSystemError } from "./git-error.ts";
import { diskFailure } from "./local-copy.ts";

export interface AncestryInput {
  /** The node's copy. */
  gitDir: string;
  /** Full commit ids. */
  ancestor: string;
  descendant: string;
}

/**
 * Whether `descendant` is `ancestor` or follows on it, so that going from one to the other is a fast-forward. The
 * answer is false only after all history was read, and throws K2015 where some of it is missing or damaged. For true,
 * the commits up to `ancestor` are enough; the nearest are read first.
 */
export async function isAncestor({ gitDir, ancestor, descendant }: AncestryInput): Promise<boolean> {
  if (ancestor === descendant) return true;
  const repository = { fs, gitdir: gitDir, cache: {} };
  const seen = new Set([descendant]);
  for (const oid of seen) {
    for (const parent of await readParents(repository, oid)) {
      if (parent === ancestor) return true;
      // What is added to a set while it is walked is walked too.
      seen.add(parent);
    }
  }
  return false;
}

async function readParents(
  repository: { fs: typeof fs; gitdir: string; cache: object },
  oid: string,
): Promise<string[]> {
  try {
    return (await readCommit({ ...repository, oid })).commit.parent;
  } catch (error) {
    if (isSystemError(error)) throw diskFailure(repository.gitdir, error);
    const how = foreignCode(error) === "NotFoundError" ? "is missing" : "cannot be read";
    const message = `commit ${oid} ${how} in ${repository.gitdir}, so its history is not known`;
    throw gitError("K2015", { message, cause: error });
  }
}
