import { type HeldPort, type PublishedPort, composeLabels } from "@keelson/model";
import type { ContainerInfo } from "dockerode";

import type { Engine } from "./engine.ts";
import { isPortTaken, publishes } from "./host-port.ts";
import { labelOf } from "./ownership.ts";

/** A port that a service is to publish. */
export interface DesiredPort {
  project: string;
  service: string;
  port: PublishedPort;
}

/**
 * Desired ports that something other than their own service holds: another container that publishes them, or, where
 * no container does, another program of this machine. Ports of an engine elsewhere are only seen on its containers.
 */
export async function findHeldPorts(
  engine: Engine,
  { ports, containers }: { ports: readonly DesiredPort[]; containers: readonly ContainerInfo[] },
): Promise<HeldPort[]> {
  const held: HeldPort[] = [];
  for (const desired of ports) {
    const publishers = containers.filter((container) =>
      (container.Ports ?? []).some((published) => publishes(published, desired.port)),
    );
    const other = publishers.find((container) => !isOfService(container, desired));
    if (other !== undefined) {
      held.push({ ...desired.port, container: (other.Names[0] ?? other.Id).replace(/^\//, "") });
    } else if (publishers.length === 0 && engine.isLocal && (await isPortTaken(desired.port))) {
      held.push({ ...desired.port, container: null });
    }
  }
  return held;
}

function isOfService({ Labels: all }: ContainerInfo, { project, service }: DesiredPort): boolean {
  return labelOf(all, composeLabels.project) === project && labelOf(all, composeLabels.service) === service;
}
