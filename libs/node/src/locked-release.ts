import { listFolderCommits, readCommit, readWorkTree } from "@keelson/git";
import { followLinks, readDocument } from "@keelson/manifest";
import {
  KeelsonError,
  Lock,
  type Snapshot,
  type SourceFile,
  keyPath,
  mostFileBytes,
  stalled,
} from "@keelson/model";
import { type Tree, digestOfFiles, treeOfFiles } from "@keelson/nar";

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
 * The folder of a release as the newest commit has it in which it had this digest, HEAD before all others; or why there is none
 * to compare with. Throws what Git throws.
 */
export async function findCommittedRelease(
  repository: string,
  { release: { name, version }, digest }: { release: ReleaseName; digest: string },
): Promise<{ tree: Tree } | { because: string }> {
  const folder = `releases/${name}/${version}`;
  const commits = await listFolderCommits({ repository, folder, most: mostCommits, timeoutMs });
  let uncompared: string | null = null;
  for (const revision of ["HEAD", ...commits]) {
    const snapshot = await readCommit({ repository, revision, timeoutMs, fileBytes: mostFileBytes });
    const files = [...(await snapshot.readFiles([`${folder}/`])).values()];
    uncompared ??= whyUncompared(files, snapshot);
    if ((await digestOfFiles(files, folder)) === digest) return { tree: treeOfFiles(files, folder) };
  }
  return { because: uncompared ?? "no commit of this branch has the folder with that digest" };
}

/** Such a commit may be the one that was locked. No node reads so large a file, so no node has it. */
function whyUncompared(files: readonly SourceFile[], { commit }: Snapshot): string | null {
  const file = files.find(({ tooLarge }) => tooLarge !== undefined);
  if (file?.tooLarge === undefined) return null;
  const { sizeBytes, limitBytes } = file.tooLarge;
  return `${file.path} has ${sizeBytes} bytes in commit ${commit.slice(0, 12)}, and of a file with over ${limitBytes} bytes nothing is read`;
}
