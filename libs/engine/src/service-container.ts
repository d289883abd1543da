import { composeLabels, labels, resourceIds } from "@keelson/model";
import type { ContainerInfo } from "dockerode";

import type { EngineContext } from "./context.ts";
import { labelOf } from "./ownership.ts";
import { askEngine, unreadable } from "./request.ts";

export interface ServiceName {
  project: string;
  service: string;
}

/** `core/nginx` of the project `lab-core` is shown as `lab-core/nginx`, as resources are in a plan. */
export function showService({ project, service }: ServiceName): string {
  return `${project}/${service}`;
}

/** Labels that a service's own containers carry, and copies of them. */
export function serviceFilter({ ownerOf }: EngineContext, { project, service }: ServiceName): string[] {
  return [
    `${composeLabels.project}=${project}`,
    `${composeLabels.service}=${service}`,
    `${composeLabels.oneOff}=False`,
    `${labels.owner}=${ownerOf(resourceIds.service(project, service))}`,
  ];
}

/** Our containers of a service, by ascending number. */
export async function listServiceContainers(
  context: EngineContext,
  service: ServiceName,
): Promise<ContainerInfo[]> {
  const what = `list the containers of ${showService(service)}`;
  const containers = await askEngine(context.engine, {
    what,
    signal: context.signal,
    send: (abortSignal) =>
      context.engine.docker.listContainers({
        all: true,
        filters: { label: serviceFilter(context, service) },
        abortSignal,
      }),
  });
  if (!Array.isArray(containers)) throw unreadable(what);
  return containers.filter(({ Id: id }) => context.own.has(id)).toSorted((a, b) => numberOf(a) - numberOf(b));
}

function numberOf({ Labels: all }: ContainerInfo): number {
  return Number(labelOf(all, composeLabels.containerNumber)) || 0;
}
