import { endianness } from "node:os";
import { describe, expect, it } from "vitest";

import { parseResolvers, parseRoutes, parseRoutesOfIpv6, readUsedBlocks } from "./host-route.ts";

const header = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
/** As the kernel of this machine writes an address. */
const hex = (address: string) => {
  const bytes = address.split(".").map(Number);
  return Buffer.from(endianness() === "LE" ? bytes.toReversed() : bytes)
    .toString("hex")
    .toUpperCase();
};
const route = (device: string, destination: string, gateway: string, mask: string) =>
  `${device}\t${hex(destination)}\t${hex(gateway)}\t0003\t0\t0\t0\t${hex(mask)}\t0\t0\t0   \n`;

describe("the kernel's table of routes", () => {
  it("must be read with devices and gateways", () => {
    const text =
      header +
      route("eth0", "0.0.0.0", "192.168.7.1", "0.0.0.0") +
      route("eth0", "192.168.7.0", "0.0.0.0", "255.255.255.0") +
      route("*", "10.0.0.0", "0.0.0.0", "255.0.0.0");
    expect(parseRoutes(text).map(({ what, device, block }) => [what, device, block.prefix])).toEqual([
      ["the node's route 0.0.0.0/0 through eth0", "eth0", 0],
      ["the node's gateway 192.168.7.1", "eth0", 32],
      ["the node's route 192.168.7.0/24 through eth0", "eth0", 24],
      ["the node's route 10.0.0.0/8", "*", 8],
    ]);
    expect(parseRoutes(text)[2]?.block.value).toBe(0xc0a80700n);
  });

  it("must be read for IPv6", () => {
    const zero = "0".repeat(32);
    const text = `fd120000000000000000000000000000 40 ${zero} 00 ${zero} 00000100 00000001 00000000 00000001     eth0\n`;
    expect(parseRoutesOfIpv6(text)).toEqual([
      {
        block: { family: 6, value: 0xfd12n << 112n, prefix: 64 },
        device: "eth0",
        what: "the node's route fd12:0000:0000:0000:0000:0000:0000:0000/64 through eth0",
      },
    ]);
    expect(parseRoutesOfIpv6("")).toEqual([]);
  });
});

it("resolvers must be read, but for what is no plain address", () => {
  const text =
    "# nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver\tfd00::2 # x\nnameserver fe80::1%eth0\nsearch x\n";
  expect(parseResolvers(text).map(({ what }) => what)).toEqual([
    "the node's resolver 10.0.0.2",
    "the node's resolver fd00::2",
  ]);
});

it("this machine's ways must be readable, without the kinds of a default route", async () => {
  const used = await readUsedBlocks();
  expect(used.map(({ what }) => what)).toContain("the node's address 127.0.0.1 of lo");
  expect(used.filter(({ block }) => block.prefix === 0)).toEqual([]);
});
