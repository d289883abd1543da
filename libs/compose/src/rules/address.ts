import { isInside, isJsonObject, isWholeBlock, parseAddress, parseSubnet, subnetOf } from "@keelson/model";
import type { Json, Subnet } from "@keelson/model";

import { type Rule, afterVariables, isOff, shown } from "../rule.ts";

const code = "K1431";
const plainHint = "Write plain addresses, or leave them out: the engine chooses free ones.";
const publishHint =
  "Write one address of the node, such as 127.0.0.1 or ::1, or leave it out for all of them.";

const longestPrefix = { 4: 30, 6: 126 } as const;

const linkLocal = ["169.254.0.0/16", "fe80::/10"].map((range) => parseSubnet(range));

/** K1431: a network's addresses become routes of the node, so they are in the one form that all programs read alike. */
export const addressRules: readonly Rule[] = [
  ...["networks.*.ipam.config.*.subnet", "networks.*.ipam.config.*.ip_range"].map((at) => ({
    at,
    code,
    refuse: afterVariables(({ value, key }) => blockRefusal(value, key)),
    hint: plainHint,
  })),
  ...[
    "networks.*.ipam.config.*.gateway",
    "networks.*.ipam.config.*.aux_addresses.*",
    "services.*.networks.*.ipv4_address",
    "services.*.networks.*.ipv6_address",
  ].map((at) => ({
    at,
    code,
    refuse: afterVariables(({ value }) => (parseOne(value) === null ? notPlain(value) : null)),
    hint: plainHint,
  })),
  {
    at: "services.*.networks.*.link_local_ips.*?",
    code,
    refuse: afterVariables(({ value }) => {
      const address = parseOne(value);
      if (address === null) return notPlain(value);
      const isLocal = linkLocal.some((range) => range !== null && isInside(address, range));
      return isLocal ? null : `${shown(value)} is not a link-local address`;
    }),
    hint: "Use addresses of 169.254.0.0/16 or fe80::/10, or leave them out.",
  },
  {
    at: "networks.*.driver_opts.*",
    code,
    refuse: afterVariables(({ value, key }) =>
      key === "com.docker.network.bridge.host_binding_ipv4" ? publishRefusal(value) : null,
    ),
    hint: publishHint,
  },
  {
    at: "services.*.ports.*",
    code,
    refuse: afterVariables(({ value }) => publishRefusal(hostAddressOf(value))),
    hint: publishHint,
  },
];

function blockRefusal(value: Json, key: string): string | null {
  const block = typeof value === "string" ? parseSubnet(value) : null;
  const text = `${key} ${shown(value)}`;
  if (block === null) return `${text} is not written as ADDRESS/PREFIX, such as 10.1.2.0/24`;
  if (!isWholeBlock(block))
    return `${text} has bits set after its prefix, so that it is not clear what is meant`;
  const longest = longestPrefix[block.family];
  return key === "subnet" && block.prefix > longest
    ? `${text} is smaller than a /${longest}, it has no room for containers`
    : null;
}

/** All addresses, one of the loopback, or one that a network interface can have. */
function publishRefusal(value: Json): string | null {
  if (isOff(value)) return null;
  const address = parseOne(value);
  if (address === null) return notPlain(value);
  const isSpecial = unpublishable.some((range) => range !== null && isInside(address, range));
  const isEmbedded = address.family === 6 && address.value > 1n && address.value >> 48n === 0n;
  return isSpecial || isEmbedded ? `${shown(value)} is not an address that a port can be published on` : null;
}

const unpublishable = ["224.0.0.0/3", "ff00::/8"].map((range) => parseSubnet(range));

/** `host_ip` of the long form; in the short form, the part before `HOST:CONTAINER`. */
function hostAddressOf(port: Json): Json {
  if (isJsonObject(port)) return port["host_ip"] ?? null;
  const [, host = ""] = (typeof port === "string" ? /^(.*):[^:]*:[^:]*$/s.exec(port) : null) ?? [];
  return host.replace(/^\[(.*)\]$/, "$1");
}

function parseOne(value: Json): Subnet | null {
  const address = typeof value === "string" ? parseAddress(value) : null;
  return address === null ? null : subnetOf(address);
}

function notPlain(value: Json): string {
  return `${shown(value)} is not an IP address in its plain form, such as 10.1.2.3 or fd00::3`;
}
