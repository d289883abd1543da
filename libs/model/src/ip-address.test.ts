import { describe, expect, it } from "vitest";

import { isPrivate, isWholeBlock, parseAddress, parseSubnet, subnetsOverlap } from "./ip-address.ts";

const block = (text: string) => {
  const parsed = parseSubnet(text);
  if (parsed === null) throw new Error(`no block: ${text}`);
  return parsed;
};

describe("an address", () => {
  it.each([
    ["10.1.2.3", 4, 0x0a010203n],
    ["0.0.0.0", 4, 0n],
    ["255.255.255.255", 4, 0xffffffffn],
    ["::", 6, 0n],
    ["::1", 6, 1n],
    ["FD00::a", 6, (0xfd00n << 112n) | 0xan],
    ["1:2:3:4:5:6:7:8", 6, 0x00010002000300040005000600070008n],
  ])("must be read from %s", (text, family, value) => {
    expect(parseAddress(text)).toEqual({ family, value });
  });

  it.each([
    "",
    "10.1",
    "167837955",
    "0x0a.1.2.3",
    "012.0.0.1",
    "10.1.2.256",
    "10.1.2.3.4",
    " 10.1.2.3",
    "10.1.2.3\n",
    "１０.1.2.3",
    "::ffff:10.1.2.3",
    "::10.1.2.3",
    "fe80::1%eth0",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7::8",
    "1:2:3:4:5:6:7:8:9",
    ":1",
    "12345::",
    "[::1]",
    "localhost",
  ])("must not be read from %j, which programs read in more than one way", (text) => {
    expect(parseAddress(text)).toBeNull();
  });
});

describe("a subnet", () => {
  it.each([
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/08",
    "10.0.0.0/-1",
    "::/129",
    "10.0.0.0/255.0.0.0",
  ])("must not be read from %j", (text) => {
    expect(parseSubnet(text)).toBeNull();
  });

  it("must have no bit after its prefix to be a whole block", () => {
    expect(
      ["10.1.2.0/24", "0.0.0.0/0", "fd00::/8", "10.1.2.3/32"].map((text) => isWholeBlock(block(text))),
    ).toEqual([true, true, true, true]);
    expect(["10.1.2.1/24", "10.1.2.0/8", "fd00::1/64"].map((text) => isWholeBlock(block(text)))).toEqual([
      false,
      false,
      false,
    ]);
  });

  it.each([
    ["10.0.0.0/8", "10.255.0.0/16", true],
    ["10.1.2.0/24", "10.1.3.0/24", false],
    ["10.1.2.128/25", "10.1.2.0/25", false],
    ["0.0.0.0/0", "192.168.0.0/16", true],
    ["::/0", "10.0.0.0/8", false],
    ["fd00::/8", "fd12:3456::/64", true],
    ["fd12::/64", "fd12:0:0:1::/64", false],
  ])("%s and %s must overlap: %s", (a, b, overlap) => {
    expect([subnetsOverlap(block(a), block(b)), subnetsOverlap(block(b), block(a))]).toEqual([
      overlap,
      overlap,
    ]);
  });

  it.each([
    ["10.0.0.0/8", true],
    ["10.0.0.0/7", false],
    ["172.16.0.0/12", true],
    ["172.32.0.0/16", false],
    ["172.0.0.0/8", false],
    ["192.168.0.0/16", true],
    ["192.0.0.0/8", false],
    ["100.64.0.0/16", false],
    ["fc00::/7", true],
    ["fd00::/8", true],
    ["fe00::/7", false],
    ["::ffff:a00:0/104", false],
    ["2001:db8::/64", false],
  ])("%s must be private: %s", (text, expected) => {
    expect(isPrivate(block(text))).toBe(expected);
  });
});
