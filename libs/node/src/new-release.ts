import { cp, lstat, mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { readWorkTree, requireFolders, writeWorkTreeFile } from "@keelson/git";
import { listReleases, renameRelease, scaffoldRelease } from "@keelson/manifest";
import {
  KeelsonError,
  decodeText,
  namePattern,
  quote,
  stalled,
  suggestName,
  versionPattern,
} from "@keelson/model";

import { requireTagName } from "./published-release.ts";
import type { ReleaseName } from "./release-name.ts";

export interface NewRelease extends ReleaseName {
  folder: string;
  /** The version that it was copied from; null for a first one, which is a small release that runs. */
  from: string | null;
}

/**
 * Begins a release in a work tree: a copy of another version of it, of the highest where none is named, with the new version in its
 * release.yaml; or a small one that runs, where there is none yet. Nothing that is there is changed. Throws K1007 for what is no name or
 * no version, K1102 for a version to copy that is not there, K1452 for a release that is there, and what Git throws.
 */
export async function beginRelease(
  repository: string,
  { name, version, from }: ReleaseName & { from: string | null },
): Promise<NewRelease> {
  requireReleaseName({ name, version });
  await requireTagName(repository, { name, version });
  const folder = `releases/${name}/${version}`;
  const files = await (await readWorkTree(repository)).readFiles(["releases/"]);
  const versions = listReleases(files).get(name) ?? [];
  if (versions.includes(version)) throw isThere(folder);
  const source = from ?? versions[0] ?? null;
  const root = resolve(repository);
  await requireFolders(root, [`${folder}/release.yaml`]);
  if (await isAnything(join(root, folder))) throw isThere(folder);
  const special = [...files.values()].find(
    (file) => file.special === true && file.path.startsWith(`releases/${name}/${source ?? ""}/`),
  );
  if (special !== undefined) throw noFile(special.path);
  if (source === null) {
    for (const [path, text] of scaffoldRelease({ name, version })) {
      const target = join(root, folder, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, text, { flag: "wx" });
    }
    return { name, version, folder, from: null };
  }
  const document = files.get(`releases/${name}/${source}/release.yaml`);
  const text = document === undefined ? null : renameRelease(decodeText(document.bytes), version);
  if (text === null) throw notThere({ name, version: source }, versions);
  // What Git ignores is no part of the release, and may be a secret.
  for (const path of files.keys()) {
    if (!path.startsWith(`releases/${name}/${source}/`)) continue;
    const target = join(root, folder, path.slice(`releases/${name}/${source}/`.length));
    await mkdir(dirname(target), { recursive: true });
    await cp(join(root, path), target, { verbatimSymlinks: true, force: false, errorOnExist: true });
  }
  await writeWorkTreeFile(repository, { path: `${folder}/release.yaml`, text });
  return { name, version, folder, from: source };
}

async function isAnything(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

function noFile(path: string): KeelsonError {
  return new KeelsonError({
    code: "K1448",
    message: `${path} is neither a file nor a folder, and cannot be copied`,
    hint: "Remove it.",
    outcome: stalled,
  });
}

function requireReleaseName({ name, version }: ReleaseName): void {
  if (!namePattern.test(name)) {
    throw new KeelsonError({
      code: "K1007",
      message: `${quote(name)} is not a valid name for a release`,
      hint: suggestName(name) ?? "use a-z, 0-9 and -",
      outcome: stalled,
    });
  }
  if (versionPattern.test(version) && version.length <= 64) return;
  throw new KeelsonError({
    code: "K1007",
    message: `${quote(version)} is not a semantic version of at most 64 characters`,
    hint: "Write one such as 1.9.2.",
    outcome: stalled,
  });
}

function isThere(folder: string): KeelsonError {
  return new KeelsonError({
    code: "K1452",
    message: `${folder} is there already`,
    hint: "Name a version that is not there yet.",
    outcome: stalled,
  });
}

function notThere({ name, version }: ReleaseName, versions: readonly string[]): KeelsonError {
  return new KeelsonError({
    code: "K1102",
    message: `there is no release.yaml with a version in releases/${name}/${version}`,
    hint: versions.length === 0 ? "Leave out --from." : `Versions there: ${versions.slice(0, 8).join(", ")}`,
    outcome: stalled,
  });
}
