import type Docker from "dockerode";
import { buildImageArchive, loadImages, removeImages } from "../support/index.ts";
import type { ImageSpec } from "../support/index.ts";

export interface LoadedImages extends AsyncDisposable {
  /** `name:version` as the engine knows it. */
  nameOf(tag: string): string;
  /** Loads the images that a text names as `IMAGES/name:version` and returns the text with their real names. */
  loadNamed(text: string): Promise<string>;
}

/**
 * Images of the platform's own, so that it does not matter what other tests do to theirs: not only by name. An engine that
 * removes an image of the same bytes just then can take the new name with it.
 */
export function makeLoadedImages(
  docker: Docker,
  { prefix, specs }: { prefix: string; specs: Readonly<Record<string, Omit<ImageSpec, "tag">>> },
): LoadedImages {
  const loaded = new Set<string>();
  const nameOf = (tag: string) => `${prefix}/${tag}`;
  const build = async (tag: string) => {
    const labels = { ...specs[tag]?.labels, "test.platform": prefix };
    return buildImageArchive({ ...specs[tag], labels, tag: nameOf(tag) });
  };
  return {
    nameOf,
    loadNamed: async (text) => {
      const named = text.replaceAll("IMAGES/", `${prefix}/`);
      const pattern = new RegExp(`${prefix}/([a-z0-9-]+:[\\w.-]+)`, "g");
      const tags = [...named.matchAll(pattern)].map((match) => match[1] ?? "");
      const wanted = [...new Set(tags)].filter(
        (tag) => !loaded.has(nameOf(tag)) && !tag.startsWith("absent"),
      );
      for (const tag of wanted) loaded.add(nameOf(tag));
      await Promise.all(wanted.map(async (tag) => loadImages(docker, [await build(tag)])));
      return named;
    },
    [Symbol.asyncDispose]: async () => removeImages(docker, [...loaded]),
  };
}
