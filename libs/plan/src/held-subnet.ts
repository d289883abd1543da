import { type BlockedChange, type ObservedNode, resourceIds } from "@keelson/model";

import type { NetworkChange } from "./network-change.ts";

const hint =
  "Give it another private subnet, or none: the engine then chooses a free one. It is made by itself once nothing else uses the addresses.";

/**
 * By resource id, networks to be made of whose subnets something else has a part: the node's own ways, or another network.
 * Only they wait, and what joins them.
 */
export function findHeldSubnets(
  changes: readonly NetworkChange[],
  { heldSubnets }: Pick<ObservedNode, "heldSubnets">,
): Map<string, BlockedChange> {
  const blocked = new Map<string, BlockedChange>();
  for (const { network } of changes) {
    const { name } = network;
    const resource = resourceIds.network(name);
    const held = heldSubnets.find((each) => each.network === name);
    if (held !== undefined) blocked.set(resource, { resource, ...describe(held) });
  }
  return blocked;
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
