import {
  type Located,
  type Lock,
  type Problem,
  type Repository,
  type SourceFiles,
  keyPath,
  problemAt,
} from "@keelson/model";
import { digestOfFiles } from "@keelson/nar";

/** Digests of releases by their folders; null for one with something in it that was not read. */
export type ReleaseDigests = ReadonlyMap<string, string | null>;

/** The digest of each release that a lock names. `files` are those of the releases as Git has them, with no link followed. */
export async function readReleaseDigests(
  { environments }: Repository,
  files: SourceFiles,
): Promise<ReleaseDigests> {
  const digests = new Map<string, string | null>();
  for (const { lock } of environments.values())
    for (const [name, { version }] of Object.entries(lock?.value.releases ?? {})) {
      const folder = `releases/${name}/${version}`;
      if (!digests.has(folder)) digests.set(folder, await digestOfFiles(files.values(), folder));
    }
  return digests;
}

/**
 * K1446 for each release whose folder at the revision does not have the digest of a lock. A folder with something in it that was not
 * read has problems of its own.
 */
export function findDigestFaults({ environments }: Repository, digests: ReleaseDigests): Problem[] {
  const problems: Problem[] = [];
  for (const { lock } of environments.values()) {
    if (lock === null) continue;
    for (const [name, { version, digest: locked }] of Object.entries(lock.value.releases)) {
      if (locked === undefined) continue;
      const folder = `releases/${name}/${version}`;
      const digest = digests.get(folder) ?? null;
      if (digest !== null && digest !== locked) problems.push(faultOf(lock, { name, folder, digest }));
    }
  }
  return problems;
}

function faultOf(
  lock: Located<Lock>,
  { name, folder, digest }: { name: string; folder: string; digest: string },
): Problem {
  return problemAt(lock, {
    code: "K1446",
    path: keyPath(["releases", name, "digest"]),
    part: "value",
    message: `${folder} is not what was locked: its digest is ${digest}`,
    hint: `keelson release verify ${folder} names the first path that differs. Bring it back, or give what changed a new version.`,
  });
}
