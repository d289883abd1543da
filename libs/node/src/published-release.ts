import {
  commitFiles,
  findObjects,
  isTagName,
  listDirtyPaths,
  listTags,
  makeTag,
  readCommit,
  readWorkTree,
} from "@keelson/git";
import { followLinks, readRepository } from "@keelson/manifest";
import {
  KeelsonError,
  type Problem,
  type SourceFiles,
  mostFileBytes,
  problemOf,
  quote,
  stalled,
} from "@keelson/model";
import { digestOfFiles } from "@keelson/nar";

import { requireSameInCommit } from "./committed-digest.ts";
import type { ReleaseName } from "./release-name.ts";

const timeoutMs = 60_000;

/** The tag under which a release is published. */
export function tagOf({ name, version }: ReleaseName): string {
  return `release/${name}/${version}`;
}

export interface PublishedRelease extends ReleaseName {
  tag: string;
  digest: string;
  /** The commit that was made for it; null where its folder was committed already, and where nothing was done. */
  commit: string | null;
  /** Whether the tag was there already, with the same content. */
  isThere: boolean;
  /** What is wrong with the release; then nothing was done. */
  problems: readonly Problem[];
}

/**
 * Commits the folder of a release, and nothing else, and makes its tag. The same content once more does nothing. Throws K1102 for
 * a release that is not there, K1451 for one that was published with other content, K1459 where Git commits other content than the work
 * tree has, and what Git throws.
 */
export async function publishRelease(
  repository: string,
  { name, version, isSigned }: ReleaseName & { isSigned: boolean },
): Promise<PublishedRelease> {
  const folder = `releases/${name}/${version}`;
  const tag = tagOf({ name, version });
  const files = await (await readWorkTree(repository)).readFiles(["releases/"]);
  const digest = await digestOfFiles(files.values(), folder);
  const problems = readRepository(followLinks(files)).problems.filter(({ file }) =>
    `${file}/`.startsWith(`${folder}/`),
  );
  const published = { name, version, tag, digest: digest ?? "", commit: null, isThere: false, problems };
  if (![...files.keys()].some((path) => path.startsWith(`${folder}/`)))
    throw missingRelease({ name, version });
  if (problems.length > 0) return published;
  if (digest === null) throw unreadable(folder);
  const before = await publishedDigest(repository, { name, version });
  if (before === digest) return { ...published, isThere: true };
  if (before !== null) throw changedSince({ name, version });
  await requireTagName(repository, { name, version });
  const isDirty = (await listDirtyPaths(repository)).some((path) => path.startsWith(`${folder}/`));
  const message = `release(${name}): ${version}`;
  const commit = isDirty ? await commitFiles(repository, { paths: [folder], message }) : null;
  await requireSameInCommit(repository, { name, version, digest });
  await makeTag(repository, { name: tag, message: `${name} ${version}\n\nDigest: ${digest}\n`, isSigned });
  return { ...published, commit };
}

/** The digest of a release as its tag has it; null where there is no tag, and "" where that has no such folder. */
async function publishedDigest(repository: string, release: ReleaseName): Promise<string | null> {
  const tag = `refs/tags/${tagOf(release)}`;
  const folder = `releases/${release.name}/${release.version}`;
  const inTag = `${tag}:./${folder}`;
  const found = await findObjects(repository, [tag, inTag]);
  if ((found.get(tag) ?? null) === null) return null;
  // Whoever may push tags can make one of anything.
  if ((found.get(inTag) ?? null) === null) return "";
  if ((await findObjects(repository, [`${tag}^{commit}`])).get(`${tag}^{commit}`) === null) return "";
  const commit = await readCommit({ repository, revision: tag, timeoutMs, fileBytes: mostFileBytes });
  return (await digestOfFiles((await commit.readFiles([`${folder}/`])).values(), folder)) ?? "";
}

/**
 * K1451 for each release among the files of a revision, or of a work tree where that is null, that has other content than its tag.
 * Trees that Git has under one id are equal; only the others are read.
 */
export async function findChangedReleases(
  repository: string,
  { files, revision }: { files: SourceFiles; revision: string | null },
): Promise<Problem[]> {
  const tags = await listTags(repository, "release/");
  if (tags.length === 0) return [];
  const releases = tags.flatMap((tag) => {
    const [, name, version] = tag.split("/");
    const folder = `releases/${name ?? ""}/${version ?? ""}`;
    return name === undefined || version === undefined || !files.has(`${folder}/release.yaml`)
      ? []
      : [{ name, version, tag, folder }];
  });
  const at = (commit: string, folder: string) => `${commit}:./${folder}`;
  const own = revision ?? "HEAD";
  const trees = await findObjects(
    repository,
    releases.flatMap(({ tag, folder }) => [at(`refs/tags/${tag}`, folder), at(own, folder)]),
  );
  const dirty = revision === null ? await listDirtyPaths(repository) : [];
  const problems: Problem[] = [];
  for (const { name, version, tag, folder } of releases) {
    const [tagged, head] = [trees.get(at(`refs/tags/${tag}`, folder)), trees.get(at(own, folder))];
    const isClean = !dirty.some((path) => path.startsWith(`${folder}/`));
    if (isClean && tagged === head) continue;
    const before = await publishedDigest(repository, { name, version });
    const now = await digestOfFiles(files.values(), folder);
    if (before !== null && now !== null && before !== now) problems.push(problemOfChange({ name, version }));
  }
  return problems;
}

const changed = {
  code: "K1451",
  hint: "Bring the folder back as it was published, or give what changed a new version: keelson release new",
};

function problemOfChange({ name, version }: ReleaseName): Problem {
  const folder = `releases/${name}/${version}`;
  return problemOf(`${folder}/release.yaml`, {
    ...changed,
    message: `${name} ${version} is published, and its folder has other content than the tag ${tagOf({ name, version })}`,
  });
}

/** Whether a release has its tag. Throws what Git throws. */
export async function isPublished(repository: string, release: ReleaseName): Promise<boolean> {
  return (await listTags(repository, tagOf(release))).includes(tagOf(release));
}

/** K1451 for a published release whose lock of images would become another one. */
export function publishedChange(
  { name, version }: ReleaseName,
  { file, references }: { file: string; references: readonly string[] },
): Problem {
  const what = references.length === 0 ? "its text" : references.join(", ");
  return problemOf(file, {
    code: changed.code,
    message: `${name} ${version} is published, and its lock of images would be another one: ${what}`,
    hint: "Lock the images of a new version: keelson release new, keelson release lock, keelson release publish.",
  });
}

function changedSince(release: ReleaseName): KeelsonError {
  const { message } = problemOfChange(release);
  return new KeelsonError({ ...changed, message, outcome: stalled });
}

/** Throws K1007 for a release that could never be published: Git has no tag of that name. */
export async function requireTagName(repository: string, release: ReleaseName): Promise<void> {
  const tag = tagOf(release);
  if (await isTagName(repository, tag)) return;
  throw new KeelsonError({
    code: "K1007",
    message: `Git can have no tag ${quote(tag)}`,
    hint: "Give the release a version that is in a tag's name, such as one without .lock at its end.",
    outcome: stalled,
  });
}

/** K1102: no such folder. */
export function missingRelease({ name, version }: ReleaseName): KeelsonError {
  return new KeelsonError({
    code: "K1102",
    message: `there is no release ${quote(`${name}@${version}`)} in releases/`,
    hint: "keelson release list says which there are; keelson release new begins one.",
    outcome: stalled,
  });
}

function unreadable(folder: string): KeelsonError {
  return new KeelsonError({
    code: "K1448",
    message: `${folder} holds something that cannot be read, so that it has no digest`,
    hint: "See what: keelson check",
    outcome: stalled,
  });
}
