import { readNetworkDriver } from "@keelson/grants";
import {
  type BlockedChange,
  type DesiredInstance,
  type Json,
  type ObservedNode,
  resourceIds,
} from "@keelson/model";

import type { NetworkChange } from "./network-change.ts";

const hint =
  "Give it another private subnet, or none: the engine then chooses a free one. It is made by itself once nothing else uses the addresses. Where it is meant so, name the subnet under subnets, in policy.allow of environment.yaml and in allow of agent.yaml.";

/**
 * By resource id, networks to be made of whose subnets something else has a part: the node's own ways, or another network.
 * Only they wait, and what joins them. What a grant names may take the node's own ways; two networks the engine refuses.
 */
export function findHeldSubnets(
  changes: readonly NetworkChange[],
  { heldSubnets, instances }: Pick<ObservedNode, "heldSubnets"> & { instances: readonly DesiredInstance[] },
): Map<string, BlockedChange> {
  const blocked = new Map<string, BlockedChange>();
  for (const { network, instance } of changes) {
    const { name, definition } = network;
    const resource = resourceIds.network(name);
    const users = instance === null ? instances.filter((each) => joins(each, name)) : [instance];
    // At an interface of the host a network becomes no way of the node's.
    const isAtInterface = readNetworkDriver(toJson(definition)).kind === "interface";
    const held = heldSubnets.find(
      (each) =>
        each.network === name &&
        (each.holderNetwork !== undefined ||
          !(isAtInterface || users.every((user) => isNamed(each.subnet, user)))),
    );
    if (held !== undefined) blocked.set(resource, { resource, ...describe(held) });
  }
  return blocked;
}

function joins({ services }: DesiredInstance, network: string): boolean {
  return services.some(({ networks }) => networks.includes(network));
}

/** What the node does not permit of it, is told of the whole instance. */
function isNamed(subnet: string, { grants }: DesiredInstance): boolean {
  return grants.some(({ kind, value }) => kind === "subnets" && value === subnet);
}

function toJson(definition: Record<string, unknown>): Json {
  return JSON.parse(JSON.stringify(definition));
}

function describe(held: ObservedNode["heldSubnets"][number]): Omit<BlockedChange, "resource"> {
  const { network, subnet, holder, unknown } = held;
  if (holder !== null) {
    const message = `network ${network} cannot be made: ${holder} has a part of its subnet ${subnet}`;
    return { code: "K3024", message, hint };
  }
  return {
    code: "K3029",
    message: `network ${network} is not made: ${unknown ?? "it is not known"}, so nobody knows whether its subnet ${subnet} is free`,
    hint: "It is made by itself once that is known; a network without a subnet needs no such look.",
  };
}
