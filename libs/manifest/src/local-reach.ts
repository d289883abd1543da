import { type SourceFile, type SourceFiles, decodeText } from "@keelson/model";

import { findComposeFiles } from "./compose-choice.ts";
import { findNamed, folderOf, joinPath } from "./compose-reach.ts";
import { dotenvVariables } from "./dotenv.ts";
import type { Variables } from "./known-setting.ts";
import { followLinks, targetOf } from "./link.ts";
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
  for (const file of followed.values()) {
    if (file.mode !== "120000") continue;
    const path = joinPath(folderOf(file.path), targetOf(file));
    if (path !== null && !targetOf(file).startsWith("/")) addWithFolders(paths, path);
  }
  return [...paths];
}

/** It may be a file or a folder, and each folder above it a link. */
function addWithFolders(paths: Set<string>, path: string): void {
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
  const composeFiles = findComposeFiles(inside);
  const start = composeFiles.flatMap((path) => joinPath(folder, path) ?? []);
  const [first] = start;
  if (first === undefined || !mayClimb(inside, settings)) return [];
  const dotenv = dotenvVariables(inside.get(".env"));
  const named = [{}, ...settings].flatMap((set) => [
    ...findNamed(
      start.map((path) => ({ path, folder: folderOf(first) })),
      { files, variables: { ...dotenv, ...set } },
    ),
  ]);
  return [...new Set([...start, ...named])].filter(
    (path) => !path.startsWith(`${folder}/`) && path !== folder && !folder.startsWith(`${path}/`),
  );
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
