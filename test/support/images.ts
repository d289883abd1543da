import { Readable } from "node:stream";
import type Docker from "dockerode";
import type { ImageArchive } from "../../script/image-archive.ts";
import { followDocker } from "./docker-stream.ts";
import { statusOf } from "./foreign-error.ts";

export { buildImageArchive } from "../../script/image-archive.ts";
export type { ImageArchive, ImageSpec } from "../../script/image-archive.ts";

/** Loads images into an engine. Unlike a pull this needs no network. */
export async function loadImages(docker: Docker, archives: readonly ImageArchive[]): Promise<void> {
  for (const { archive } of archives) {
    await followDocker(await docker.loadImage(Readable.from([archive]), { quiet: true }));
  }
}

/** Removes images by tag, with what no other tag holds; a tag that is not there is fine. */
export async function removeImages(docker: Docker, tags: readonly string[]): Promise<void> {
  for (const tag of tags) {
    try {
      await docker.getImage(tag).remove();
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }
}
