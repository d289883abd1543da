import {
  type BlockedChange,
  type ObservedContainer,
  type ObservedNode,
  isInSync,
  resourceIds,
} from "@keelson/model";

import { hasCompleted } from "./container-state.ts";
import type { NetworkChange } from "./network-change.ts";
import { findLeaving } from "./removal.ts";
import type { InstanceChange } from "./service-change.ts";

/** By resource id, networks that cannot be made anew: a container is in them that this plan takes neither away nor out of them. */
export function findHeldNetworks(
  networks: readonly NetworkChange[],
  plan: {
    changes: readonly InstanceChange[];
    undesired: readonly ObservedContainer[];
    observed: ObservedNode;
  },
): Map<string, BlockedChange> {
  const { changes, undesired, observed } = plan;
  const movable = changes
    .flatMap(({ services }) => [...services.values()])
    .flatMap(({ service, containers, action, isBlocked }) =>
      containers.kept.filter((each) =>
        isBlocked ? hasCompleted(service, each) : action === "recreate" || isInSync(each, service),
      ),
    );
  const leaving = new Set([...findLeaving(changes, undesired), ...movable]);
  const held = new Map<string, BlockedChange>();
  for (const { network, existing } of networks) {
    if (existing === null) continue;
    const holder =
      observed.containers.find((each) => each.networks.includes(network.name) && !leaving.has(each)) ??
      findOtherMember(existing.id, observed);
    if (holder === undefined) continue;
    held.set(resourceIds.network(network.name), {
      resource: resourceIds.network(network.name),
      code: "K3013",
      message: `the definition of network ${network.name} changed, but it cannot be made anew while container ${holder.name} is in it`,
      hint:
        holder.ownership === "ours"
          ? "It follows by itself once that container can be replaced."
          : `Disconnect the container: docker network disconnect ${network.name} ${holder.name}`,
    });
  }
  return held;
}

function findOtherMember(
  networkId: string,
  { otherMembers = [] }: ObservedNode,
): Pick<ObservedContainer, "name" | "ownership"> | undefined {
  const member = otherMembers.find((each) => each.networkId === networkId);
  return member === undefined ? undefined : { name: member.container, ownership: "foreign" };
}
