import type { Json } from "@keelson/model";

import { shown } from "./rule.ts";

export type LocalPath = { path: string; refusal: null } | { path: null; refusal: string };

/**
 * A path that stays in the package, relative to the project's folder, or why it is refused: a path that climbs is never
 * resolved, and one with a variable cannot be judged. `folder` is where the path starts.
 */
export function localPath(value: Json, folder: string): LocalPath {
  if (typeof value !== "string" || value === "") return refuse(`${shown(value)} is not a path`);
  if (value.includes("$")) return refuse(`${value} holds a variable, so it cannot be judged`);
  if (/[:\\\0]|^git@|^github\.com\/|\.git(#|$)/i.test(value))
    return refuse(`${value} is not a path in the package`);
  if (value.startsWith("/") || value.startsWith("~")) return refuse(`${value} is a path of the host`);
  const segments = value.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) return refuse(`${value} climbs out of its folder`);
  if (segments.length === 0) return refuse(`${value} is the package's folder itself`);
  return { path: joinPath(folder, segments.join("/")), refusal: null };
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

export function joinPath(folder: string, path: string): string {
  return folder === "" || path === "" ? folder + path : `${folder}/${path}`;
}
