import {
  type Environment,
  type EnvironmentNetwork,
  type Located,
  type Problem,
  type Subnet,
  isInside,
  isNetworkId,
  isWholeBlock,
  keyPath,
  parseAddress,
  parseSubnet,
  problemAt,
  quote,
  subnetOf,
} from "@keelson/model";

interface Finding {
  code: string;
  path: readonly (string | number)[];
  message: string;
  hint: string;
  part: "key" | "value";
}

/** What the gate refuses in the networks of a Compose file, in those of an environment. */
export function checkEnvironmentNetworks(document: Located<Environment>): Problem[] {
  return Object.entries(document.value.networks ?? {})
    .flatMap(([name, network]) => [
      ...nameFindings(name),
      ...labelFindings(name, network),
      ...addressFindings(name, network),
    ])
    .map(({ path, ...found }) => problemAt(document, { ...found, path: keyPath(path) }));
}

/** The engine takes these for modes, or has networks of these names itself. */
const enginesOwn = ["host", "none", "bridge", "default"];

function nameFindings(name: string): Finding[] {
  const message = enginesOwn.includes(name)
    ? `the engine has a network or a mode named ${name} itself`
    : isNetworkId(name)
      ? `the engine takes ${name} for the id of a network`
      : null;
  if (message === null) return [];
  return [
    {
      code: "K1415",
      path: ["networks", name],
      message,
      hint: "Give the network another name.",
      part: "key",
    },
  ];
}

function labelFindings(name: string, network: EnvironmentNetwork | null): Finding[] {
  return Object.keys(network?.labels ?? {})
    .filter((label) => /^(io\.keelson\.|com\.docker\.compose\.)/i.test(label))
    .map((label) => ({
      code: "K1412",
      path: ["networks", name, "labels", label],
      message: `the label ${label} is reserved`,
      hint: "Use another prefix; these labels say what belongs to whom.",
      part: "key",
    }));
}

function addressFindings(name: string, network: EnvironmentNetwork | null): Finding[] {
  return (network?.ipam?.config ?? []).flatMap((pool, index) => {
    const block = parseSubnet(pool.subnet);
    const at = (key: string, message: string | null): Finding[] =>
      message === null
        ? []
        : [
            {
              code: "K1431",
              path: ["networks", name, "ipam", "config", index, key],
              message,
              hint: "Use a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or fc00::/7, or leave ipam out: the engine chooses a free one.",
              part: "value",
            },
          ];
    return [
      ...at("subnet", subnetFault(pool.subnet, block)),
      ...at(
        "ip_range",
        pool.ip_range === undefined ? null : partFault(parseSubnet(pool.ip_range), pool.ip_range, block),
      ),
      ...at(
        "gateway",
        pool.gateway === undefined ? null : partFault(parseOne(pool.gateway), pool.gateway, block),
      ),
    ];
  });
}

/** What needs a grant, beyond private ranges, is judged with those who join the network. */
const longestPrefix = { 4: 30, 6: 126 } as const;

function subnetFault(text: string, block: Subnet | null): string | null {
  if (block === null || !isWholeBlock(block))
    return `the subnet ${quote(text)} is not written as ADDRESS/PREFIX, such as 10.1.2.0/24`;
  const longest = longestPrefix[block.family];
  return block.prefix > longest
    ? `the subnet ${text} is smaller than a /${longest}, it has no room for containers`
    : null;
}

function partFault(part: Subnet | null, text: string, block: Subnet | null): string | null {
  if (block === null) return null;
  const isPart = part !== null && part.family === block.family && isInside(part, block);
  return isPart ? null : `${quote(text)} is not a part of the subnet`;
}

function parseOne(text: string): Subnet | null {
  const address = parseAddress(text);
  return address === null ? null : subnetOf(address);
}
