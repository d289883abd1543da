import { type Cause, type ObservedContainer, resourceIds } from "@keelson/model";

import { because } from "./cause.ts";
import { hasCompleted, hasProcess } from "./container-state.ts";
import { findForeignNetwork } from "./external-resource.ts";
import type { InstanceContext } from "./instance-context.ts";
import { findEndpoint, lackOf } from "./network-endpoint.ts";
import type { PlannedOperation } from "./operation-graph.ts";
import { type Dependency, ifPlanned, keys } from "./operation-key.ts";
import { type ServiceChange, isReplaced } from "./service-action.ts";

/** Containers that are what they are to be, but for a network: they are connected, and go on as they are. */
export function planConnections(context: InstanceContext, change: ServiceChange): PlannedOperation[] {
  const { instance } = context.change;
  const { service, containers, action, isBlocked } = change;
  if (isBlocked || action === "remove") return [];
  return containers.kept
    .filter((container) => !isReplaced(container, change))
    .flatMap((container) =>
      service.networks.flatMap((network): PlannedOperation[] => {
        const cause = connectionCause(network, { container, change, context });
        const endpoint = cause === null ? null : findEndpoint(service, { instance, network, container });
        if (cause === null || endpoint === null) return [];
        const foreign = findForeignNetwork(network, context);
        const isCut = hasProcess(container) && container.networks.includes(network);
        return [
          {
            key: keys.connect(container.id, network),
            operation: {
              kind: "connect-container",
              resource: resourceIds.service(instance.project, service.name),
              containerId: container.id,
              containerName: container.name,
              network,
              ...(foreign === undefined ? {} : { networkId: foreign }),
              endpoint,
              causes: [cause],
              class: isCut ? "reload" : "live",
            },
            after: [...(isCut ? context.staging : []), ifPlanned(keys.network(network))],
          },
        ];
      }),
    );
}

/** Why a container has to be connected; null where it is, or where there is nothing that it could be connected to. */
function connectionCause(
  network: string,
  {
    container,
    change,
    context,
  }: { container: ObservedContainer; change: ServiceChange; context: InstanceContext },
): Cause | null {
  const { networks, observed } = context;
  const made = networks.find((each) => each.network.name === network);
  const isOurs = observed.networks.some(({ name, ownership }) => name === network && ownership === "ours");
  const isThere = isOurs || findForeignNetwork(network, context) !== undefined;
  if (made === undefined && !isThere) return null;
  if (made !== undefined && made.existing !== null) return because.desired(`network ${network} changed`);
  // A job that has done its work needs nobody, unless the service is started as a whole.
  return change.action === "none" && hasCompleted(change.service, container)
    ? null
    : lackOf(network, { container, service: change.service, instance: context.change.instance });
}

/** What must be over before the containers of a service are in their networks. */
export function connectionKeys({ service, containers }: ServiceChange): Dependency[] {
  return containers.kept.flatMap(({ id }) =>
    service.networks.map((network) => ifPlanned(keys.connect(id, network))),
  );
}
