import { type LockedImage, type ObservedImage, idsForPlatform } from "@keelson/model";
import type { ImageInspectInfo } from "dockerode";

import type { Engine } from "./engine.ts";
import { recordOf } from "./json-reader.ts";
import { askEngine, hasStatus, unreadable } from "./request.ts";

interface ImageQuestion {
  /** A reference, or an id. */
  reference: string;
  signal?: AbortSignal | undefined;
}

/** What the planner sees of an image; null when the engine does not have it. */
export async function observeImage(engine: Engine, question: ImageQuestion): Promise<ObservedImage | null> {
  const info = await inspectImage(engine, question);
  if (info === null) return null;
  return {
    id: info.Id,
    digests: (info.RepoDigests ?? []).toSorted(),
    volumes: Object.keys(recordOf(info.Config?.Volumes)).sort(),
  };
}

/**
 * What the planner sees of a locked image: by the reference with its digest, or else by its id, under which an engine also has what
 * was loaded, or pulled under another name. Of several platforms, the id of what this engine runs counts.
 */
export async function observeLockedImage(
  engine: Engine,
  { locked, platform, ...question }: ImageQuestion & { locked: LockedImage; platform: string | null },
): Promise<ObservedImage | null> {
  const { signal } = question;
  const ids = platform === null ? [] : idsForPlatform(locked, platform);
  for (const reference of [question.reference, locked.digest, ...ids]) {
    const found = await observeImage(engine, { reference, signal });
    if (found !== null) return found;
  }
  return null;
}

/** What the engine says of an image; null when the engine does not have it. */
export async function inspectImage(
  engine: Engine,
  { reference, signal }: ImageQuestion,
): Promise<ImageInspectInfo | null> {
  const what = `inspect image ${reference}`;
  try {
    const info = await askEngine(engine, {
      what,
      signal,
      send: () => engine.docker.getImage(reference).inspect(),
    });
    if (typeof info.Id !== "string") throw unreadable(what);
    return info;
  } catch (error) {
    // 400: an engine that is older than a form of references has no image by it either.
    if (hasStatus(error, 404, 400)) return null;
    throw error;
  }
}
