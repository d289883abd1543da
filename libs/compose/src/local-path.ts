import { posix } from "node:path";

import { type ComposeInput, type Json, hasInnerPathToken } from "@keelson/model";

import { shown } from "./rule.ts";

export type LocalPath = { path: string; refusal: null } | { path: null; refusal: string };

/** In bytes, on the usual file systems. */
const longestName = 255;

/** Where a relative path starts, as a path in the repository, and how far it may lead. */
export interface Start extends Pick<ComposeInput, "reach"> {
  folder: string;
}

/**
 * The path in the repository of a file that may be named, or why it is refused. In a package a path that climbs is never
 * resolved; in a repository it may climb up to the top. A path with a variable cannot be judged.
 */
export function localPath(value: Json, start: Start): LocalPath {
  const local = localFolder(value, start);
  const isFolderItself = local.path !== null && (local.path === start.folder || local.path === "");
  return isFolderItself ? refuse(`${shown(value)} is a folder, not a file`) : local;
}

/** The same of a folder, which may be the one where the path starts. */
export function localFolder(value: Json, start: Start): LocalPath {
  if (typeof value !== "string" || value === "") return refuse(`${shown(value)} is not a path`);
  if (value.includes("$")) return refuse(`${value} holds a variable, so it cannot be judged`);
  if (/[:\\\0]|^git@|^github\.com\/|\.git(#|$)/i.test(value))
    return refuse(`${value} is not a path in the ${start.reach}`);
  if (value.startsWith("/") || value.startsWith("~")) return refuse(`${value} is a path of the host`);
  if (hasInnerPathToken(value)) return refuse(`${value} names a path of the node below another one`);
  if (start.reach === "package" && value.split("/").includes(".."))
    return refuse(`${value} climbs out of its folder`);
  if (value.split("/").some((segment) => Buffer.byteLength(segment) > longestName))
    return refuse(`${shown(value)} has a name of over ${longestName} bytes, which no file can have`);
  const path = resolvePath(value, start.folder);
  return path === null ? refuse(`${value} climbs out of the repository`) : { path, refusal: null };
}

/** A relative path from a folder, both of the repository; null when it climbs out of it. */
export function resolvePath(path: string, folder: string): string | null {
  const segments = folder === "" ? [] : folder.split("/");
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") segments.push(segment);
    else if (segments.pop() === undefined) return null;
  }
  return segments.join("/");
}

function refuse(refusal: string): LocalPath {
  return { path: null, refusal };
}

/** The folder of a path; empty for one without a slash. */
export function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

/** All folders above a path, the nearest first. */
export function foldersAbove(path: string): string[] {
  const folder = folderOf(path);
  return folder === "" ? [] : [folder, ...foldersAbove(folder)];
}

/** A path of the repository as it is seen from a folder of it. */
export function relativePath(path: string, folder: string): string {
  return posix.relative(`/${folder}`, `/${path}`);
}

export function joinPath(folder: string, path: string): string {
  return folder === "" || path === "" ? folder + path : `${folder}/${path}`;
}

/** Where relative paths of the project start: the folder of its first Compose file. Null when it is outside of the repository. */
export function projectFolderOf({
  folder,
  composeFiles,
}: Pick<ComposeInput, "folder" | "composeFiles">): string | null {
  const main = resolvePath(composeFiles[0], folder);
  return main === null ? null : folderOf(main);
}
