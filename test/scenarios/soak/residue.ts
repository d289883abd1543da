import { readdir, readlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

import type { Platform } from "../platform.ts";

/**
 * What belongs into a state folder whose agent does not run, but the files of instances. An instance that was removed
 * keeps its folder, and in it what was last known of it.
 */
const known = [
  /^(lock|record\.db|status\.json|git|report|instances)$/,
  /^(git|report)\/(HEAD|config|hooks|info|objects|refs|refs\/.*)$/,
  /^(git|report)\/objects\/(pack|info|[0-9a-f]{2}|[0-9a-f]{2}\/[0-9a-f]{38}|pack\/pack-[0-9a-f]{40}\.(pack|idx))$/,
  /^instances\/[a-z]+(\/(applied|compose)\.json)?$/,
];

/** Paths in the state folder that nobody needs: of what was removed, replaced, or begun by a round that was killed. */
export async function listResidue(platform: Platform): Promise<string[]> {
  const { stateDir } = platform;
  const all = await readdir(stateDir, { recursive: true });
  const needed = await listNeeded(platform);
  return all.filter(
    (path) =>
      !known.some((pattern) => pattern.test(path)) &&
      !needed.some((each) => each === path || each.startsWith(`${path}/`) || path.startsWith(`${each}/`)),
  );
}

/** Rendered files and their folders that a container has mounted. */
async function listNeeded(platform: Platform): Promise<string[]> {
  const { stateDir } = platform;
  const mounted = (await platform.containers())
    .flatMap(({ mounts }) => Object.values(mounts))
    .filter((source) => source.startsWith(`${stateDir}/instances/`))
    .map((source) => relative(stateDir, source));
  const live = mounted.filter((path) => dirname(path).endsWith("/live"));
  const current = await Promise.all(
    live.map(async (path) => join(path, await readlink(join(stateDir, path, "..data")))),
  );
  return [
    ...mounted.filter((path) => !live.includes(path)),
    ...live.flatMap((path) => [join(path, "..data"), join(path, "app.conf")]),
    ...current,
  ];
}
