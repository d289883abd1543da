import type { ObservedImage } from "@keelson/model";
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
