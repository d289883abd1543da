import { listFolderCommits, readCommit, readWorkTree } from "@keelson/git";
import { followLinks, readDocument } from "@keelson/manifest";
import { KeelsonError, Lock, type SourceFile, keyPath, stalled } from "@keelson/model";
import { type Tree, narDigest, treeOfFiles } from "@keelson/nar";

import type { ReleaseName } from "./release-name.ts";

/** Where a lock says which digest a release must have. */
export interface LockedDigest {
  /** Path in the repository. */
  file: string;
  line: number;
  digest: string;
}

/**
 * What the locks of a work tree say of a release; a lock without its digest says nothing. Throws the code of the first problem
 * of a lock that cannot be read, and what Git throws.
 */
export async function readLockedDigests(
  repository: string,
  { name, version }: ReleaseName,
): Promise<LockedDigest[]> {
  const files = followLinks(await (await readWorkTree(repository)).readFiles(["environments/"]));
  const locks = [...files.values()].filter(({ path }) => /^environments\/[^/]+\/lock\.yaml$/.test(path));
  return locks.flatMap((file) => {
    const { value: lock, problems } = readDocument(file, Lock);
    if (lock === null) throw unreadable(file, problems[0]);
    const locked = Object.hasOwn(lock.value.releases, name) ? lock.value.releases[name] : undefined;
    if (locked?.version !== version || locked.digest === undefined) return [];
    const { line } = lock.positionOf(keyPath(["releases", name, "digest"]), "value");
    return [{ file: lock.file, line, digest: locked.digest }];
  });
}

function unreadable(
  { path }: SourceFile,
  first: { code: string; message: string } | undefined,
): KeelsonError {
  return new KeelsonError({
    code: first?.code ?? "K1001",
    message: `${path} cannot be read: ${first?.message ?? "it is no document"}`,
    hint: "See all that is wrong with it: keelson check",
    outcome: stalled,
  });
}

const timeoutMs = 60_000;
/** A release hardly ever changes; whoever changes it all the time has no use for its digest. */
const mostCommits = 100;

/**
 * The folder of a release as the newest commit has it in which it had this digest, HEAD before all others; null when
 * there is none. Throws what Git throws.
 */
export async function findCommittedRelease(
  repository: string,
  { release: { name, version }, digest }: { release: ReleaseName; digest: string },
): Promise<Tree | null> {
  const folder = `releases/${name}/${version}`;
  const commits = await listFolderCommits({ repository, folder, most: mostCommits, timeoutMs });
  for (const revision of ["HEAD", ...commits]) {
    const { readFiles } = await readCommit({ repository, revision, timeoutMs });
    const files = [...(await readFiles([`${folder}/`])).values()];
    // What was not read has no digest.
    if (files.length === 0 || files.some(({ mode, tooLarge }) => mode === "160000" || tooLarge !== undefined))
      continue;
    if ((await narDigest(treeOfFiles(files, folder))) === digest) return treeOfFiles(files, folder);
  }
  return null;
}
