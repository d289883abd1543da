import {
  type DesiredInstance,
  type DesiredNetwork,
  type ObservedNetwork,
  type ObservedNode,
  resourceIds,
} from "@keelson/model";

import type { OperationGraph } from "./operation-graph.ts";
import { keys } from "./operation-key.ts";
import { wantsContainers } from "./service-change.ts";

/** A network that has to be made; `existing` is the old one of that name, which goes first. */
export interface NetworkChange {
  network: DesiredNetwork;
  instance: DesiredInstance;
  existing: ObservedNetwork | null;
}

/** Networks that containers are to join and that do not exist, or exist with another definition. */
export function findNetworkChanges(
  instances: readonly DesiredInstance[],
  observed: ObservedNode,
): NetworkChange[] {
  const joined = new Set(
    instances.filter(wantsContainers).flatMap(({ services }) => services.flatMap(({ networks }) => networks)),
  );
  return instances.flatMap((instance) =>
    instance.networks.flatMap((network): NetworkChange[] => {
      const existing = observed.networks.find(({ name }) => name === network.name) ?? null;
      const isNeeded = wantsContainers(instance) || joined.has(network.name);
      const differs =
        existing === null || (existing.ownership === "ours" && existing.digest !== network.digest);
      return isNeeded && differs ? [{ network, instance, existing }] : [];
    }),
  );
}

/** Networks are made, or made anew once nothing of ours is in them; volumes are only ever made. */
export function addNetworks(
  graph: OperationGraph,
  on: { changes: readonly NetworkChange[]; observed: ObservedNode },
): void {
  for (const { network, instance, existing } of on.changes) {
    const resource = resourceIds.network(network.name);
    const cause = existing === null ? "does not exist yet" : "its definition changed";
    if (existing !== null) {
      const users = on.observed.containers.filter(({ networks }) => networks.includes(network.name));
      graph.add(
        keys.removeNetwork(existing.id),
        {
          kind: "remove-network",
          resource,
          networkId: existing.id,
          causes: [cause],
          class: "recreate",
        },
        users.map(({ id }) => keys.remove(id)),
      );
    }
    graph.add(
      keys.network(network.name),
      {
        kind: "create-network",
        resource,
        instance: instance.name,
        project: instance.project,
        network,
        causes: [cause],
        class: existing === null ? "live" : "recreate",
      },
      existing === null ? [] : [keys.removeNetwork(existing.id)],
    );
  }
}

export function addVolumes(
  graph: OperationGraph,
  on: { instances: readonly DesiredInstance[]; observed: ObservedNode },
): void {
  for (const instance of on.instances.filter(wantsContainers)) {
    for (const volume of instance.volumes) {
      if (on.observed.volumes.some(({ name }) => name === volume.name)) continue;
      graph.add(
        keys.volume(volume.name),
        {
          kind: "create-volume",
          resource: resourceIds.volume(volume.name),
          instance: instance.name,
          project: instance.project,
          volume,
          causes: ["does not exist yet"],
          class: "live",
        },
        [],
      );
    }
  }
}
