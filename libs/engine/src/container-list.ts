import type { ContainerInfo } from "dockerode";

import type { Engine } from "./engine.ts";
import { mapOf } from "./json-reader.ts";
import { askEngine, unreadable } from "./request.ts";

export interface ContainerListing {
  /** Completes "the engine could not …". */
  what?: string;
  /** `<label>=<value>`; all containers when there are none. */
  labels?: readonly string[];
  signal?: AbortSignal | undefined;
}

/** Containers, also those that do not run. */
export async function listContainers(
  engine: Engine,
  { what = "list containers", labels = [], signal }: ContainerListing,
): Promise<ContainerInfo[]> {
  const filters = labels.length === 0 ? {} : { filters: { label: [...labels] } };
  const containers = await askEngine(engine, {
    what,
    signal,
    send: (abortSignal) => engine.docker.listContainers({ all: true, ...filters, abortSignal }),
  });
  if (!Array.isArray(containers)) throw unreadable(what);
  // One that is just being made or removed can have none, whatever its type says.
  return containers.map((each) => ({ ...each, Labels: mapOf(each.Labels) }));
}
