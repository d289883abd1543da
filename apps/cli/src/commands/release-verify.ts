import { resolve } from "node:path";

import { KeelsonError, formatError, quote, stalled } from "@keelson/model";
import { type Difference, type Tree, findFirstDifference, narDigest } from "@keelson/nar";
import { type ReleaseName, findCommittedRelease, readLockedDigests, readReleaseName } from "@keelson/node";

import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { openTree, whileReading } from "../release-tree.ts";

/** What a release is to be. */
interface Expected {
  /** A path, or the line of a lock. */
  where: string;
  digest: string;
  /** What has the digest, or why it is not found. */
  findTree: () => Promise<{ tree: Tree } | { because: string }>;
}

interface Verification {
  /** Which one it is, by its own release.yaml, where that decides what it is compared with; null elsewhere. */
  release: ReleaseName | null;
  digest: string;
  expected: { where: string; digest: string }[];
  /** The first of `expected` that the release is not; null when it is all of them. */
  failed: string | null;
  /** The first path that differs; null when none does, or none can be named. */
  difference: Difference | null;
  /** Why none can be named; null when one is, or none differs. */
  because: string | null;
}

/** Compares the digest of a folder or an archive with what it is to be, and names the first path that differs. */
export async function releaseVerify(
  options: { repository: string; against: string },
  { path, output }: { path: string; output: Output },
): Promise<ExitCode> {
  const verification = await whileReading(async () => {
    if (options.against !== "lock")
      return await verify(path, { release: null, expected: [await otherOf(options.against)] });
    const release = await readReleaseName(openTree(path), path);
    requireMeant(path, release);
    return await verify(path, { release, expected: await lockedOf(options.repository, release) });
  });
  if (output.json) output.printJson(verification);
  else if (verification.failed === null)
    output.print(`${output.style("green", "ok")}  ${describe(path, verification)}`);
  else output.printError(formatError(failureOf(path, verification)));
  return verification.failed === null ? exitCodes.done : exitCodes.failed;
}

async function verify(
  path: string,
  { release, expected }: { release: ReleaseName | null; expected: readonly Expected[] },
): Promise<Verification> {
  const digest = await narDigest(openTree(path));
  const failed = expected.find((each) => each.digest !== digest);
  return {
    release,
    digest,
    expected: expected.map((each) => ({ where: each.where, digest: each.digest })),
    failed: failed?.where ?? null,
    ...(failed === undefined ? { difference: null, because: null } : await findDifference(path, failed)),
  };
}

async function findDifference(
  path: string,
  { findTree }: Expected,
): Promise<Pick<Verification, "difference" | "because">> {
  const found = await findTree();
  if ("because" in found) return { difference: null, because: found.because };
  const difference = await findFirstDifference(found.tree, openTree(path));
  return { difference, because: difference === null ? "something is changing it" : null };
}

async function otherOf(path: string): Promise<Expected> {
  const digest = await narDigest(openTree(path));
  return { where: path, digest, findTree: async () => Promise.resolve({ tree: openTree(path) }) };
}

async function lockedOf(repository: string, release: ReleaseName): Promise<Expected[]> {
  const locked = await readLockedDigests(repository, release);
  if (locked.length === 0) throw nothingLocked(repository, release);
  return locked.map(({ file, line, digest }) => ({
    where: `${file}:${line}`,
    digest,
    findTree: async () => findCommitted(repository, { release, digest }),
  }));
}

/** Outside of a Git repository, or in one that cannot be read, the digests still say that it is not the same. */
async function findCommitted(repository: string, wanted: { release: ReleaseName; digest: string }) {
  try {
    return await findCommittedRelease(repository, wanted);
  } catch (error) {
    if (error instanceof KeelsonError) return { because: error.message };
    throw error;
  }
}

function failureOf(
  path: string,
  { digest, expected, failed, difference, because }: Verification,
): KeelsonError {
  const wanted = expected.find(({ where }) => where === failed)?.digest ?? "";
  const what =
    difference === null
      ? `its digest is ${digest}, and ${wanted} was expected (what differs cannot be named: ${because ?? ""})`
      : `${quote(difference.path)} ${words[difference.how]}`;
  return new KeelsonError({
    code: "K9085",
    message: `${path} differs from ${failed ?? ""}: ${what}`,
    hint: "Bring it back as it was, or give what changed a new version.",
    outcome: stalled,
  });
}

const words: Record<Difference["how"], string> = {
  kind: "is of another kind",
  executable: "is executable in one of them only",
  content: "has another content",
  target: "is a link that leads elsewhere",
  missing: "is missing",
  extra: "does not belong there",
};

function describe(path: string, { release, digest, expected }: Verification): string {
  const what = release === null ? "" : `${release.name} ${release.version}, `;
  return `${path} is ${what}as in ${expected.map(({ where }) => where).join(", ")}: ${digest}`;
}

/**
 * Throws K9085 where `releases/NAME/VERSION` or `NAME-VERSION.nar` holds another release. It may well be what a lock says of
 * that one, an older version say, and is not what is asked about.
 */
function requireMeant(path: string, { name, version }: ReleaseName): void {
  const whole = resolve(path);
  const [, meantName = name, meantVersion = version] =
    /\/releases\/([^/]+)\/([^/]+)$/.exec(whole) ??
    /\/([a-z0-9-]+?)-(\d+\.\d+\.\d+[^/]*)\.nar$/.exec(whole) ??
    [];
  if (meantName === name && meantVersion === version) return;
  throw new KeelsonError({
    code: "K9085",
    message: `${path} is ${name} ${version} by its release.yaml, and ${meantName} ${meantVersion} by its own name`,
    hint: "Find out where it comes from. If only the name is wrong, rename it.",
    outcome: stalled,
  });
}

function nothingLocked(repository: string, { name, version }: ReleaseName): KeelsonError {
  return new KeelsonError({
    code: "K9085",
    message: `no lock in ${repository} has a digest of ${name} ${version}, so there is nothing to compare with`,
    hint: "Name the state repository with -C DIR, or another folder or an archive with --against.",
    outcome: stalled,
  });
}
