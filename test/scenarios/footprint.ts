import { createHash } from "node:crypto";
import { lstat, readFile, readdir, readlink } from "node:fs/promises";
import { join, relative } from "node:path";

/**
 * Every entry below a folder with what it is, when it was written, and a digest of what is in it: by path, sorted.
 * The folder itself does not count: SQLite has its -wal and -shm there for as long as the record is open.
 */
export async function footprintOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, await describeEntry(join(folder, path))] as const)),
  );
}

async function describeEntry(path: string): Promise<string> {
  const found = await lstat(path, { bigint: true });
  const when = `${found.mode.toString(8)} ${found.ino} ${found.mtimeNs}`;
  if (found.isSymbolicLink()) return `${when} → ${await readlink(path)}`;
  if (!found.isFile()) return when;
  return `${when} ${createHash("sha256")
    .update(await readFile(path))
    .digest("hex")
    .slice(0, 16)}`;
}

/** The regular files below a folder that hold a text anywhere in their bytes, with their modes in octal. */
export async function findText(folder: string, text: string): Promise<{ path: string; mode: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: { path: string; mode: string }[] = [];
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if (!(await readFile(path)).includes(text)) continue;
    found.push({ path: relative(folder, path), mode: ((await lstat(path)).mode & 0o7777).toString(8) });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}
