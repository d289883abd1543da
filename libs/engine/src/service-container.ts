import { composeLabels } from "@keelson/model";
import type { ContainerInfo } from "dockerode";

import type { EngineContext } from "./context.ts";
import { labelOf } from "./ownership.ts";
import { listContainers } from "./container-list.ts";
import { projectFilter, showProject } from "./own-container.ts";

export interface ServiceName {
  project: string;
  service: string;
}

/** Our containers of a service, those that were adopted too, by ascending number. */
export async function listServiceContainers(
  context: EngineContext,
  service: ServiceName,
): Promise<ContainerInfo[]> {
  const containers = await listContainers(context.engine, {
    what: `list the containers of ${showProject(service)}`,
    labels: projectFilter(service),
    signal: context.signal,
  });
  return containers.filter(({ Id: id }) => context.own.has(id)).toSorted((a, b) => numberOf(a) - numberOf(b));
}

function numberOf({ Labels: all }: ContainerInfo): number {
  return Number(labelOf(all, composeLabels.containerNumber)) || 0;
}
