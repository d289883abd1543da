import { type SourceFile, type SourceFiles, decodeText } from "@keelson/model";

import { findComposeFiles } from "./compose-choice.ts";
import { type NamedKind, folderOf, joinPath, walkNamed } from "./compose-reach.ts";
import { dotenvVariables } from "./dotenv.ts";
import type { Variables } from "./known-setting.ts";
import { followLinks, targetOf } from "./link.ts";
import { isSealedDotenv } from "./sealed-variables.ts";
import type { FolderFiles } from "./tree.ts";

/** What one reading of local packages may bring; a node has little memory. */
const mostBytes = 64 * 1024 * 1024;

/**
 * Paths of files and, with a `/` at their end, folders that must be read for the local packages in these folders, beside the folders
 * themselves: what their Compose files name and where links lead, as far as the files that are there say it. None once too much
 * has been read: what is missing then has problems.
 */
export function findLocalReach(
  files: SourceFiles,
  {
    folders,
    settingsOf,
  }: { folders: readonly string[]; settingsOf: (folder: string) => readonly Variables[] },
): string[] {
  let bytes = 0;
  for (const file of files.values()) bytes += file.bytes.length;
  if (bytes > mostBytes) return [];
  const followed = followLinks(files, "repository");
  const inside = filesByFolder(followed, folders);
  const paths = new Set<string>();
  for (const [folder, own] of inside) {
    const found = findOutside(folder, { inside: own, files: followed, settings: settingsOf(folder) });
    for (const path of found) addWithFolders(paths, path);
  }
  addTargets(paths, followed);
  return [...paths];
}

/** Where links lead that could not be followed yet. */
export function addTargets(paths: Set<string>, files: SourceFiles): void {
  for (const file of files.values()) {
    if (file.mode !== "120000") continue;
    const path = joinPath(folderOf(file.path), targetOf(file));
    if (path !== null && !targetOf(file).startsWith("/")) addWithFolders(paths, path);
  }
}

/** It may be a file or a folder, and each folder above it a link. */
export function addWithFolders(paths: Set<string>, path: string): void {
  paths.add(path).add(`${path}/`);
  for (let above = folderOf(path); above !== ""; above = folderOf(above)) paths.add(above);
}

/** The files of each folder, by their path in it. */
export function filesByFolder(
  files: SourceFiles,
  folders: readonly string[],
): Map<string, Map<string, SourceFile>> {
  const inside = new Map(folders.map((folder) => [folder, new Map<string, SourceFile>()]));
  for (const [path, file] of files) {
    for (let folder = folderOf(path); folder !== ""; folder = folderOf(folder))
      inside.get(folder)?.set(path.slice(folder.length + 1), file);
  }
  return inside;
}

/**
 * What the package in a folder names outside of it, as paths of the repository: with the variables of its `.env`, and with each of
 * the sets of settings over them. A folder that the package itself lies in is no part of it.
 */
export function findOutside(
  folder: string,
  { inside, files, settings }: { inside: FolderFiles; files: SourceFiles; settings: readonly Variables[] },
): string[] {
  if (!mayClimb(inside, settings)) return [];
  const { start, named } = namedBy(folder, { inside, files, settings });
  return [...new Set([...start, ...named.map(({ path }) => path)])].filter(
    (path) => !path.startsWith(`${folder}/`) && path !== folder && !folder.startsWith(`${path}/`),
  );
}

/** The encrypted files of variables that the package in a folder has Compose read, with its own `.env`, by path in the repository. */
export function findSealedVariables(
  folder: string,
  {
    reached,
    ...of
  }: {
    inside: FolderFiles;
    reached: ReadonlyMap<string, SourceFile>;
    files: SourceFiles;
    settings: readonly Variables[];
  },
): SourceFiles {
  const sealed = [...of.inside.values(), ...reached.values()].filter(isSealedDotenv);
  if (sealed.length === 0) return new Map();
  const { named } = namedBy(folder, of);
  const read = new Set(named.flatMap(({ kind, path }) => (kind === "variables" ? path : [])));
  const isRead = ({ path }: SourceFile) => path === `${folder}/.env` || read.has(path);
  return new Map(sealed.filter(isRead).map((file) => [file.path, file]));
}

/** The Compose files of a folder, and what they name: with the variables of its `.env`, and with each of the sets of settings over them. */
function namedBy(
  folder: string,
  { inside, files, settings }: { inside: FolderFiles; files: SourceFiles; settings: readonly Variables[] },
): { start: string[]; named: { kind: NamedKind; path: string }[] } {
  const start = findComposeFiles(inside).flatMap((path) => joinPath(folder, path) ?? []);
  const beside = folderOf(start[0] ?? "");
  const visits = start.map((path) => ({ path, folder: beside }));
  const dotenv = dotenvVariables(inside.get(".env"));
  const named = [{}, ...settings].flatMap((set) => [
    ...walkNamed(visits, { files, variables: { ...dotenv, ...set } }),
  ]);
  return { start, named };
}

/** A path leaves its folder by `..` alone. */
function mayClimb(inside: FolderFiles, settings: readonly Variables[]): boolean {
  return (
    settings.some((set) => Object.values(set).some((value) => value.includes(".."))) ||
    [...inside].some(
      ([path, { bytes }]) => (path === ".env" || /\.ya?ml$/i.test(path)) && decodeText(bytes).includes(".."),
    )
  );
}
