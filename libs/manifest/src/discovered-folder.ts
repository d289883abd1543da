import { type Discovery, compareText, gitsOwn } from "@keelson/model";

import { matchesPattern, parsePattern } from "./file-pattern.ts";

/** Comparisons for one pattern, of names and characters of names; people's take some thousands. */
const mostComparisons = 10_000_000;

/** The folder that holds all folders of a pattern, with a `/` at its end; empty for the top of the repository. */
export function baseOf({ path }: Discovery): string {
  const pattern = parsePattern(path);
  if (pattern === null) return `${path}/`;
  return pattern.base === "" ? "" : `${pattern.base}/`;
}

/**
 * The folders that an entry of `discover` means, sorted: those of the pattern with files that are not Git's own. As in a shell, no
 * wildcard stands for a name that begins with a dot; and `environments` and `releases` are Keelson's.
 */
export function findFolders(entry: Discovery, listed: readonly string[]): string[] {
  const segments = entry.path.split("/");
  const pattern = parsePattern(entry.path);
  const base = baseOf(entry);
  const budget = { left: mostComparisons };
  const folders = new Map<string, boolean>();
  for (const path of listed) {
    if (!path.startsWith(base) || gitsOwn.test(path)) continue;
    const names = path.split("/");
    if (names.length <= segments.length) continue;
    const own = names.slice(0, segments.length);
    const folder = own.join("/");
    if (folders.has(folder)) continue;
    const isHidden = own.some((name, at) => name.startsWith(".") && segments[at]?.startsWith(".") !== true);
    const isOurs = own[0] === "environments" || own[0] === "releases";
    const isLeftOut = entry.except?.includes(own.at(-1) ?? "") === true;
    const isMeant =
      pattern === null ? folder === entry.path : matchesPattern(pattern, { path: folder, budget });
    folders.set(folder, isMeant && !isHidden && !isOurs && !isLeftOut);
  }
  return [...folders].flatMap(([folder, isMeant]) => (isMeant ? [folder] : [])).sort(compareText);
}
