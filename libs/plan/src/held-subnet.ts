import {
  type BlockedChange,
  type ObservedNode,
  type Subnet,
  parseSubnet,
  resourceIds,
  subnetsOf,
  subnetsOverlap,
} from "@keelson/model";

import type { NetworkChange } from "./network-change.ts";

const hint =
  "Give it another private subnet, or none: the engine then chooses a free one. It is made by itself once nothing else uses the addresses.";

/**
 * By resource id, networks to be made of whose subnets something else has a part: the node's own ways, another network,
 * or one that this plan makes before. Only they wait, and what joins them.
 */
export function findHeldSubnets(
  changes: readonly NetworkChange[],
  { heldSubnets }: Pick<ObservedNode, "heldSubnets">,
): Map<string, BlockedChange> {
  const blocked = new Map<string, BlockedChange>();
  const taken: { name: string; block: Subnet }[] = [];
  for (const { network } of changes) {
    const { name } = network;
    const resource = resourceIds.network(name);
    const blocks = subnetsOf(network.definition).flatMap((subnet) => parseSubnet(subnet) ?? []);
    const held = heldSubnets.find((each) => each.network === name);
    const other = taken.find(({ block }) => blocks.some((own) => subnetsOverlap(own, block)));
    if (held !== undefined) blocked.set(resource, { resource, ...describe(held) });
    else if (other !== undefined) {
      const message = `network ${name} cannot be made: network ${other.name} of this revision has a part of its subnet`;
      blocked.set(resource, { resource, code: "K3024", message, hint });
    } else taken.push(...blocks.map((block) => ({ name, block })));
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
