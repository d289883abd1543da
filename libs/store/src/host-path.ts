import { readlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type HostPath, isSystemError } from "@keelson/model";

/** A file system of a server that is away answers never. */
const longestLookMs = 10_000;

/**
 * Where paths of the host lead, with no link left in them, by path. What cannot be seen is told apart from what is not there.
 * One after the other, and none after one that does not answer: each such look keeps a thread for ever, and there are few.
 */
export async function resolvePaths(
  paths: readonly string[],
  { limitMs = longestLookMs }: { limitMs?: number } = {},
): Promise<Record<string, HostPath>> {
  const found: Record<string, HostPath> = {};
  let hanging: string | null = null;
  for (const path of paths) {
    found[path] = hanging === null ? await resolveInTime(path, limitMs) : notAsked(hanging);
    if (found[path].fault === noAnswer) hanging = path;
  }
  return found;
}

const noAnswer = "its file system does not answer";

function notAsked(hanging: string): HostPath {
  return { real: null, fault: `nobody has looked there, because ${hanging} does not answer` };
}

async function resolveInTime(path: string, limitMs: number): Promise<HostPath> {
  const over = Promise.withResolvers<HostPath>();
  const timer = setTimeout(() => over.resolve({ real: null, fault: noAnswer }), limitMs);
  try {
    return await Promise.race([resolvePath(path), over.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function resolvePath(path: string): Promise<HostPath> {
  try {
    const { real, links } = await followLinks(path);
    if (real === null) return { real, fault: "its links lead in a circle" };
    return { real, fault: "", ...(links.length === 0 ? {} : { links }) };
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return { real: null, fault: "" };
    if (isSystemError(error, "EACCES", "EPERM")) return { real: null, fault: "permission denied" };
    if (error instanceof Error && "code" in error) return { real: null, fault: String(error.code) };
    throw error;
  }
}

/** As the kernel does (path_resolution(7)). */
const mostLinks = 40;

/** Where a path leads, and where the links stand that it is led by; null for a circle. Throws where nothing is there. */
async function followLinks(path: string): Promise<{ real: string | null; links: string[] }> {
  const links: string[] = [];
  const parts = path.split("/");
  let real = "/";
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    const next = join(real, part);
    const target = ["", ".", ".."].includes(part) ? null : await readLink(next);
    if (target === null) real = next;
    else {
      if (links.push(next) > mostLinks) return { real: null, links };
      if (target.startsWith("/")) real = "/";
      parts.unshift(...target.split("/"));
    }
  }
  return { real, links };
}

/** Null for what is there, and no link. */
async function readLink(path: string): Promise<string | null> {
  try {
    return await readlink(path);
  } catch (error) {
    if (isSystemError(error, "EINVAL")) return null;
    throw error;
  }
}

/** A path with no link left in it, as far as it exists. */
export async function resolveExisting(path: string): Promise<string> {
  const { real } = await resolvePath(path);
  if (real !== null) return real;
  const parent = dirname(path);
  return parent === path ? path : join(await resolveExisting(parent), basename(path));
}
