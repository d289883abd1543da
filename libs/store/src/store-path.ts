import { join, resolve } from "node:path";
import { namePattern } from "@keelson/model";

import { makeFolder, makeStateFolder, openFolder, openStateFolder } from "./folder.ts";
import type { Folder } from "./folder.ts";
import { refusedPath } from "./store-error.ts";

/** Root's dockerd resolves what is bound, so nobody else needs to get through to it. */
const privateMode = 0o700;
/** Inside a mount a container's own user must get through. */
export const mountFolderMode = 0o755;

/** The instance's absolute folder. Throws K4006 when the name is none. */
export function instanceFolderOf(stateDir: string, instance: string): string {
  if (!namePattern.test(instance)) throw refusedPath(instance, "it is no instance's name");
  return join(resolve(stateDir), "instances", instance);
}

/** The open folder of all instances, or null when there is none yet. */
export function openInstances(stateDir: string): Folder | null {
  using state = openStateFolder(stateDir);
  return state === null ? null : openFolder(state, "instances");
}

/** The open folder of an instance, or null when there is none. */
export function openInstance(stateDir: string, instance: string): Folder | null {
  instanceFolderOf(stateDir, instance);
  using instances = openInstances(stateDir);
  return instances === null ? null : openFolder(instances, instance);
}

/** The open folder of an instance, made when it is missing. */
export function makeInstance(stateDir: string, instance: string): Folder {
  instanceFolderOf(stateDir, instance);
  using state = makeStateFolder(stateDir);
  using instances = makeFolder(state, { name: "instances", mode: privateMode, replaces: "nothing" });
  return makeFolder(instances, { name: instance, mode: privateMode, replaces: "nothing" });
}

/**
 * The open folder of an area or one below it, made when it is missing. A file that an earlier
 * release had there makes room; a link does not.
 */
export function makeInArea(instance: Folder, parts: readonly string[]): Folder {
  const [area = "", ...rest] = parts;
  let folder = makeFolder(instance, { name: area, mode: privateMode, replaces: "nothing" });
  for (const part of rest) {
    using parent = folder;
    folder = makeFolder(parent, { name: part, mode: mountFolderMode, replaces: "files" });
  }
  return folder;
}

/**
 * Where placed files lie below an instance's folder: content-addressed ones, live ones, and, each in a folder of its own
 * where nothing else is bound from, those that containers may write.
 */
export const areas: readonly string[] = ["files", "live", "writable"];

/** The parts of a path below one of the areas of an instance, which may end at a generation. Throws K4006 for any other. */
export function areaPartsOf(path: string): [string, string, ...string[]] {
  const generation = /^(.+)\/(\.\.[0-9a-f]{32}(?:-again)?)$/.exec(path);
  const [area = "", next, ...rest] =
    generation === null ? partsOf(path) : [...partsOf(generation[1] ?? ""), generation[2] ?? ""];
  if (!areas.includes(area) || next === undefined) {
    throw refusedPath(path, `it must lie below ${areas.map((each) => `${each}/`).join(", ")}`);
  }
  return [area, next, ...rest];
}

/** The parts of a relative path. Throws K4006 when it is not plain: names that start with `..` are the layouts' own. */
export function partsOf(path: string): string[] {
  const parts = path.split("/");
  const isPlain = parts.every((part) => part !== "" && part !== "." && !part.startsWith(".."));
  if (!isPlain || path.includes("\0")) throw refusedPath(path, "it must be a plain relative path");
  return parts;
}
