import type { LockedImage, ObservedContainer, ObservedEngine, ObservedImage } from "@keelson/model";

import type { Engine } from "./engine.ts";
import { observeEngineVersion } from "./observed-version.ts";
import { observeImage, observeLockedImage } from "./observed-image.ts";
import { mapParallel } from "./parallel.ts";

interface ImageRequest {
  images: readonly string[];
  lockedImages?: Readonly<Record<string, LockedImage>>;
  signal?: AbortSignal;
}

/** Inspections at a time: more are no faster. */
const parallelInspects = 16;

/** The images that are asked for, by reference, and what the engine is that has them. */
export async function observeImages(
  engine: Engine,
  request: ImageRequest,
): Promise<Pick<ObservedEngine, "images" | "engineVersion"> & { platform: string | null }> {
  const { signal } = request;
  const { engineVersion, platform } = await observeEngineVersion(engine, signal);
  const locks = new Map(Object.entries(request.lockedImages ?? {}));
  const images = await mapParallel([...new Set(request.images)], {
    limit: parallelInspects,
    map: async (reference): Promise<[string, ObservedImage | null]> => {
      const locked = locks.get(reference);
      const found =
        locked === undefined
          ? await observeImage(engine, { reference, signal })
          : await observeLockedImage(engine, { reference, locked, platform, signal });
      return [reference, found];
    },
  });
  return { images: Object.fromEntries(images), engineVersion, platform };
}

/**
 * What registries call the image that a container was made from. Where something is locked, also what no reference leads to any
 * more: a plan tells by it what runs.
 */
export async function digestsOf(
  { imageId }: Pick<ObservedContainer, "imageId">,
  { engine, images, request }: { engine: Engine; images: ObservedEngine["images"]; request: ImageRequest },
): Promise<Pick<ObservedContainer, "imageDigests">> {
  const known = Object.values(images).filter((image) => image?.id === imageId);
  const isAsked = known.length === 0 && request.lockedImages !== undefined;
  const { signal } = request;
  const same = isAsked ? [await observeImage(engine, { reference: imageId, signal })] : known;
  const digests = [...new Set(same.flatMap((image) => image?.digests ?? []))].sort();
  return digests.length === 0 ? {} : { imageDigests: digests };
}
