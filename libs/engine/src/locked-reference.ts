import { type DesiredService, imageReference, required } from "@keelson/model";

import type { Engine } from "./engine.ts";
import { observeImage, observeLockedImage } from "./observed-image.ts";
import { observeEngineVersion } from "./observed-version.ts";
import { mapParallel } from "./parallel.ts";

type Named = Pick<DesiredService, "name" | "image" | "lockedImage">;

/**
 * By service, the reference by which Compose finds the locked bytes on this engine: the written one with the digest; where the engine
 * has them under no such name, the written one if it names them, and else their id. Services without a lock are not in it. Throws
 * K3001 and K3009.
 */
export async function findLockedReferences(
  engine: Engine,
  { services, signal }: { services: readonly Named[]; signal: AbortSignal },
): Promise<Map<string, string>> {
  const locked = services.filter(({ lockedImage }) => lockedImage !== undefined);
  if (locked.length === 0) return new Map();
  const { platform } = await observeEngineVersion(engine, signal);
  const references = await mapParallel(locked, {
    limit: 4,
    map: async (service): Promise<[string, string]> => [
      service.name,
      await findReference(engine, { service, platform, signal }),
    ],
  });
  return new Map(references);
}

async function findReference(
  engine: Engine,
  { service, platform, signal }: { service: Named; platform: string | null; signal: AbortSignal },
): Promise<string> {
  const reference = imageReference(service);
  if ((await observeImage(engine, { reference, signal })) !== null) return reference;
  const locked = required(service.lockedImage, `a lock of ${service.image}`);
  const found = await observeLockedImage(engine, { reference, locked, platform, signal });
  if (found === null) return reference;
  const tagged = await observeImage(engine, { reference: service.image, signal });
  return tagged?.id === found.id ? service.image : found.id;
}
