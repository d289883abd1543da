import {
  type DesiredInstance,
  type DesiredNetwork,
  type DesiredNode,
  type ObservedContainer,
  type ObservedNetwork,
  type ObservedNode,
  type RecordState,
  resourceIds,
  ownOf,
} from "@keelson/model";

import { because } from "./cause.ts";
import type { PlannedOperation } from "./operation-graph.ts";
import { type OperationKey, ifPlanned, keys } from "./operation-key.ts";
import { wantsContainers } from "./service-change.ts";
import type { VolumeLoss } from "./volume-loss.ts";

/** A network that has to be made; `existing` is the old one of that name, which goes first. */
export interface NetworkChange {
  network: DesiredNetwork;
  /** Null for one of the environment. */
  instance: DesiredInstance | null;
  existing: ObservedNetwork | null;
}

/** Networks that containers are to join and that do not exist, or exist with another definition. */
export function findNetworkChanges(
  { instances, networks }: Pick<DesiredNode, "instances" | "networks">,
  observed: ObservedNode,
): NetworkChange[] {
  const joined = new Set(
    instances.filter(wantsContainers).flatMap(({ services }) => services.flatMap((each) => each.networks)),
  );
  const changeOf = (network: DesiredNetwork, instance: DesiredInstance | null): NetworkChange[] => {
    const existing = observed.networks.find(({ name }) => name === network.name) ?? null;
    const isNeeded = (instance !== null && wantsContainers(instance)) || joined.has(network.name);
    const differs =
      existing === null || (existing.ownership === "ours" && existing.digest !== network.digest);
    return isNeeded && differs ? [{ network, instance, existing }] : [];
  };
  return [
    ...networks.flatMap((network) => changeOf(network, null)),
    ...instances.flatMap((instance) => instance.networks.flatMap((network) => changeOf(network, instance))),
  ];
}

/** Networks are made, or made anew once all that is in them goes or has stopped; volumes are only ever made. */
export function planNetworks(
  changes: readonly NetworkChange[],
  {
    observed,
    record,
    staging,
    leaving,
  }: {
    observed: ObservedNode;
    record: RecordState;
    staging: readonly OperationKey[];
    /** Containers that have a removal of their own in this plan. */
    leaving: ReadonlySet<ObservedContainer>;
  },
): PlannedOperation[] {
  return changes.flatMap(({ network, instance, existing }): PlannedOperation[] => {
    const resource = resourceIds.network(network.name);
    const lack = ownOf(record.networks, network.name) === undefined ? because.desired : because.lost;
    const causes = [
      existing === null ? lack("does not exist yet") : because.desired("its definition changed"),
    ];
    const creation: PlannedOperation = {
      key: keys.network(network.name),
      operation: {
        kind: "create-network",
        resource,
        instance: instance?.name ?? null,
        project: instance?.project ?? null,
        network,
        causes,
        class: existing === null ? "live" : "recreate",
      },
      after: existing === null ? [] : [keys.removeNetwork(existing.id)],
    };
    if (existing === null) return [creation];
    const users = observed.containers.filter(({ networks }) => networks.includes(network.name));
    const removal: PlannedOperation = {
      key: keys.removeNetwork(existing.id),
      operation: {
        kind: "remove-network",
        resource,
        networkId: existing.id,
        members: users.filter((user) => !leaving.has(user)).map(({ id }) => id),
        causes,
        class: "recreate",
      },
      after: [
        ...staging,
        ...users.flatMap(({ id }) => [ifPlanned(keys.remove(id)), ifPlanned(keys.stop(id))]),
      ],
    };
    return [removal, creation];
  });
}

/** Those that are not there; none that would come in the place of data that is lost or left behind. */
export function planVolumes(
  instances: readonly DesiredInstance[],
  { observed, record, loss }: { observed: ObservedNode; record: RecordState; loss: VolumeLoss },
): PlannedOperation[] {
  const making = instances.filter(
    (instance) => wantsContainers(instance) && !loss.waiting.has(instance.name),
  );
  return making.flatMap((instance) =>
    instance.volumes
      .filter((volume) => observed.volumes.every(({ name }) => name !== volume.name))
      .filter((volume) => !loss.blocked.has(resourceIds.volume(volume.name)))
      .map((volume) => ({
        key: keys.volume(volume.name),
        operation: {
          kind: "create-volume",
          resource: resourceIds.volume(volume.name),
          instance: instance.name,
          project: instance.project,
          volume,
          causes: [
            because.desired(
              ownOf(record.volumes, volume.name) === undefined
                ? "does not exist yet"
                : `is made anew, empty, as commands.${instance.name}.renew says`,
            ),
          ],
          class: "live",
        },
        after: [],
      })),
  );
}
