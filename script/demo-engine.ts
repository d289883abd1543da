import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

import { buildImageArchive, checkout, findLeftovers, loadImages } from "@keelson/test/support";
import type Docker from "dockerode";

/** In a checkout, and in the demo's state repository. */
export const releaseFolder = "releases/sample-platform";

/** The sample's project names must be free: what is not the demo's is never touched. */
export async function requireFreeNames(docker: Docker, prefix: string): Promise<void> {
  const { containers, networks, volumes } = await findLeftovers(docker, prefix);
  const found = [...containers, ...networks, ...volumes];
  if (found.length === 0) return;
  throw new Error(
    `The engine already has things whose names begin with ${prefix}: ${found.join(", ")}. ` +
      "Remove them if they are left from an earlier demo, then run this again.",
  );
}

/** Loads the images that the sample names; returns those that were not there before. */
export async function loadSampleImages(docker: Docker): Promise<string[]> {
  const tags = await findSampleTags();
  const present = new Set((await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []));
  const missing = tags.filter((tag) => !present.has(tag));
  await loadImages(docker, await Promise.all(missing.map(async (tag) => buildImageArchive({ tag }))));
  return missing;
}

async function findSampleTags(): Promise<string[]> {
  const root = join(checkout, releaseFolder);
  const names = (await readdir(root, { recursive: true })).filter((name) => name.endsWith("compose.yaml"));
  const texts = await Promise.all(names.map(async (name) => readFile(join(root, name), "utf8")));
  const tags = texts.flatMap((text) =>
    [...text.matchAll(/image: (keelson-sample\/\S+)/g)].map((match) => match[1] ?? ""),
  );
  return [...new Set(tags)];
}
