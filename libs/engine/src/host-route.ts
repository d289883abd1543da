import { readFile } from "node:fs/promises";
import { endianness, networkInterfaces } from "node:os";

import { type Subnet, isSystemError, parseAddress, subnetOf } from "@keelson/model";

/** Addresses that the node itself uses or has a way to. */
export interface UsedBlock {
  block: Subnet;
  /** The interface that they are reached by; empty when there is none. */
  device: string;
  /** In words, such as `the node's route 10.1.0.0/16 through eth0`. */
  what: string;
}

const filesOf = {
  routes: "/proc/net/route",
  routesOfIpv6: "/proc/net/ipv6_route",
  // systemd's own names a resolver of the loopback, which asks those of the second one.
  resolvers: ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"],
} as const;

/**
 * A wider route is a kind of default route: it holds addresses of all private ranges, and a program that makes one, such as
 * a VPN with 0.0.0.0/1, means all addresses without another route.
 */
const shortestPrefix = { 4: 8, 6: 7 } as const;

/**
 * The node's addresses, routes of the main table, gateways and resolvers, as this process' network namespace has them.
 * Throws the system's error when they cannot be read.
 */
export async function readUsedBlocks(): Promise<UsedBlock[]> {
  const [routes, routesOfIpv6, ...resolvers] = await Promise.all([
    readFile(filesOf.routes, "utf8"),
    readIfThere(filesOf.routesOfIpv6),
    ...filesOf.resolvers.map(async (path) => readIfThere(path)),
  ]);
  return [
    ...ownAddresses(),
    ...parseRoutes(routes),
    ...parseRoutesOfIpv6(routesOfIpv6),
    ...resolvers.flatMap((text) => parseResolvers(text)),
  ].filter(({ block }) => block.prefix >= shortestPrefix[block.family]);
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return "";
    throw error;
  }
}

function ownAddresses(): UsedBlock[] {
  return Object.entries(networkInterfaces()).flatMap(([device, addresses = []]) =>
    addresses.flatMap(({ address }) =>
      usedAddress(address, { device, what: `the node's address ${address} of ${device}` }),
    ),
  );
}

/** The kernel's table (proc_pid_net(5)): addresses are hexadecimal numbers of the machine's byte order. */
export function parseRoutes(text: string): UsedBlock[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [device = "", destination = "", gateway = "", , , , , mask = ""] = line.split("\t");
      if (mask === "") return [];
      const start = readNumber(destination);
      const prefix = readNumber(mask).toString(2).replaceAll("0", "").length;
      const name = `${octetsOf(start)}/${prefix}`;
      return [
        usedRoute({ family: 4, value: start, prefix }, { device, name }),
        ...usedAddress(octetsOf(readNumber(gateway)), {
          device,
          what: `the node's gateway ${octetsOf(readNumber(gateway))}`,
        }),
      ];
    });
}

/** Destination, prefix, two fields of the source, the next hop, four numbers, the interface; of all tables. */
export function parseRoutesOfIpv6(text: string): UsedBlock[] {
  return text.split("\n").flatMap((line) => {
    const [destination = "", prefix = "", , , , , , , , device = ""] = line.trim().split(/\s+/);
    if (device === "") return [];
    const value = BigInt(`0x${destination}`);
    const groups = (destination.match(/.{4}/g) ?? []).join(":");
    const block = { family: 6, value, prefix: parseInt(prefix, 16) } as const;
    return [usedRoute(block, { device, name: `${groups}/${block.prefix}` })];
  });
}

/** The lines `nameserver` (resolv.conf(5)). */
export function parseResolvers(text: string): UsedBlock[] {
  return [...text.matchAll(/^nameserver\s+(\S+)/gm)].flatMap(([, address = ""]) =>
    usedAddress(address, { device: "", what: `the node's resolver ${address}` }),
  );
}

function usedRoute(block: Subnet, { device, name }: { device: string; name: string }): UsedBlock {
  // The kernel shows a route that refuses with a star for its interface.
  return { block, device, what: `the node's route ${name}${device === "*" ? "" : ` through ${device}`}` };
}

function usedAddress(text: string, usedBy: { device: string; what: string }): UsedBlock[] {
  const address = parseAddress(text);
  return address === null || address.value === 0n ? [] : [{ block: subnetOf(address), ...usedBy }];
}

function readNumber(hex: string): bigint {
  const bytes = [...Buffer.from(hex, "hex")];
  const ordered = endianness() === "LE" ? bytes.toReversed() : bytes;
  return ordered.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
}

function octetsOf(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
}
