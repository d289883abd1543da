import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { outputOf } from "@keelson/test/support";

/** Makes a file of each object in the packs, so that single ones can go missing. */
export async function unpackObjects(gitDir: string): Promise<void> {
  const folder = join(gitDir, "objects", "pack");
  const names = await readdir(folder);
  const packs = await Promise.all(
    names.filter((name) => name.endsWith(".pack")).map((name) => readFile(join(folder, name))),
  );
  for (const name of names) await rm(join(folder, name), { force: true });
  for (const input of packs) await outputOf(["git", "--git-dir", gitDir, "unpack-objects", "-q"], { input });
}
