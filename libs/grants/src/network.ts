import { type Json, type Subnet, isPrivate, parseAddress, parseSubnet, subnetOf } from "@keelson/model";

import type { Asked, HostReach } from "./host-reach.ts";

/** A network of a whole private range would draw in what the node reaches by its default route. */
const shortestPrefix = { 4: 16, 6: 48 } as const;

const addresses = [
  "networks.*.ipam.config.*.gateway",
  "networks.*.ipam.config.*.aux_addresses.*",
  "services.*.networks.*.ipv4_address",
  "services.*.networks.*.ipv6_address",
];

/** K1431: a network's addresses become routes of the node. What is no address is refused by the gate. */
export const networkReaches: readonly HostReach[] = [
  {
    at: "networks.*.ipam.config.*.subnet",
    code: "K1431",
    message: ({ value }) =>
      `the subnet ${value} is larger than a network of containers needs, or not in a private range`,
    asks: ({ value }) => {
      const block = typeof value === "string" ? parseSubnet(value) : null;
      return ask(value, { block, isFree: (known) => known.prefix >= shortestPrefix[known.family] });
    },
  },
  {
    at: "networks.*.ipam.config.*.ip_range",
    code: "K1431",
    message: ({ value }) => `the range ${value} is not a private one`,
    asks: ({ value }) => ask(value, { block: typeof value === "string" ? parseSubnet(value) : null }),
  },
  ...addresses.map((at): HostReach => ({
    at,
    code: "K1431",
    message: ({ value }) => `${value} is not in a private range`,
    asks: ({ value }) => {
      const address = typeof value === "string" ? parseAddress(value) : null;
      return ask(value, { block: address === null ? null : subnetOf(address) });
    },
  })),
];

function ask(
  value: Json,
  { block, isFree = () => true }: { block: Subnet | null; isFree?: (block: Subnet) => boolean },
): Asked[] {
  if (typeof value !== "string" || block === null || (isPrivate(block) && isFree(block))) return [];
  return [{ kind: "subnets", value: value.includes("/") ? value : `${value}/${block.prefix}` }];
}
