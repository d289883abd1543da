import type { NetworkInspectInfo } from "dockerode";
import { describe, expect, test } from "vitest";

import { engineNetwork, findNetworkFlaw } from "./network-definition.ts";

/** As engine 20.10 and 28 list a network for which nothing was asked. */
const plain: NetworkInspectInfo = {
  Name: "lab-web_inner",
  Id: "a".repeat(64),
  Created: "2026-11-29T16:42:56Z",
  Scope: "local",
  Driver: "bridge",
  EnableIPv6: false,
  IPAM: { Driver: "default", Options: {}, Config: [{ Subnet: "172.25.0.0/16", Gateway: "172.25.0.1" }] },
  Internal: false,
  Attachable: false,
  Ingress: false,
  ConfigOnly: false,
  Options: {},
  Labels: {},
};

const found = (fields: object): NetworkInspectInfo => ({ ...plain, ...fields });
const addressed = (...pools: object[]) =>
  found({ IPAM: { Driver: "default", Options: null, Config: pools } });
const pool = {
  subnet: "10.1.0.0/24",
  ip_range: "10.1.0.128/25",
  gateway: "10.1.0.1",
  aux_addresses: { a: "10.1.0.9" },
};
const subnet = { Subnet: "10.1.0.0/24" };

describe("a network that is as it should be", () => {
  test.each<[string, NetworkInspectInfo, Record<string, unknown>]>([
    ["with nothing asked for", plain, {}],
    ["as a newer engine tells it", found({ EnableIPv4: true, ConfigFrom: { Network: "" } }), {}],
    [
      "with null for nothing",
      found({ Options: null, IPAM: { Driver: "default", Options: null, Config: null } }),
      {},
    ],
    [
      "with options that the engine is configured to add",
      found({
        Options: { "com.docker.network.driver.mtu": "1450", "com.docker.network.enable_ipv4": "true" },
      }),
      {},
    ],
    [
      "with IPv6, for which the engine is configured",
      found({ EnableIPv6: true, Options: { "com.docker.network.enable_ipv6": "true" } }),
      {},
    ],
    [
      "with options of its own",
      found({ Options: { "com.docker.network.driver.mtu": "1400" }, Internal: true, Attachable: true }),
      {
        driver: "bridge",
        driver_opts: { "com.docker.network.driver.mtu": 1400 },
        internal: true,
        attachable: true,
      },
    ],
    [
      "with its subnet, to which the engine adds a gateway",
      addressed({ ...subnet, Gateway: "10.1.0.1" }),
      { ipam: { config: [{ subnet: "10.1.0.0/24" }] } },
    ],
    ["of a plugin, whose tag the engine adds", found({ Driver: "net/dhcp:latest" }), { driver: "net/dhcp" }],
    [
      "at an interface of the host",
      found({ Driver: "macvlan", Options: { parent: "eth0" } }),
      { driver: "macvlan", driver_opts: { parent: "eth0" } },
    ],
    ["with its subnet alone", addressed(subnet), { ipam: { config: [{ subnet: "10.1.0.0/24" }] } }],
    [
      "with all addresses",
      addressed({
        ...subnet,
        IPRange: "10.1.0.128/25",
        Gateway: "10.1.0.1",
        AuxiliaryAddresses: { a: "10.1.0.9" },
      }),
      { ipam: { driver: "default", config: [pool] } },
    ],
    [
      "with an IPv6 subnet that is written in another way, and one of the engine's",
      found({ EnableIPv6: true, IPAM: { Driver: "default", Config: [{ Subnet: "fd00:1::/64" }] } }),
      { enable_ipv6: true, ipam: { config: [{ subnet: "FD00:0001:0::/64" }] } },
    ],
  ])("%s", (_, info, definition) => {
    expect(findNetworkFlaw(info, definition)).toBe("");
  });
});

describe("a network that is another one", () => {
  test.each<[NetworkInspectInfo, Record<string, unknown>, string]>([
    [found({ Driver: "macvlan" }), {}, "its driver is macvlan"],
    [found({ Scope: "swarm" }), {}, "its scope is swarm"],
    [found({ Internal: true }), {}, "internal is true"],
    [plain, { internal: true }, "internal is false"],
    [found({ Attachable: true }), {}, "attachable is true"],
    [found({ EnableIPv6: true }), {}, "enable_ipv6 is true"],
    [found({ EnableIPv4: false }), {}, "enable_ipv4 differs"],
    [
      found({ Options: { "com.docker.network.bridge.name": "br0" } }),
      {},
      "its option com.docker.network.bridge.name is br0",
    ],
    [found({ Options: { parent: "eth0" } }), {}, "its option parent is eth0"],
    [
      found({ Options: { "com.docker.network.driver.mtu": "9000" } }),
      { driver_opts: { "com.docker.network.driver.mtu": "1400" } },
      "its option com.docker.network.driver.mtu is 9000",
    ],
    [
      addressed({ Subnet: "198.51.100.0/24" }),
      { ipam: { config: [{ subnet: "10.1.0.0/24" }] } },
      "its subnet is 198.51.100.0/24",
    ],
    [
      addressed(subnet, { Subnet: "198.51.100.0/24" }),
      { ipam: { config: [{ subnet: "10.1.0.0/24" }] } },
      "its subnet is 198.51.100.0/24",
    ],
    [
      addressed(),
      { ipam: { config: [{ subnet: "10.1.0.0/24" }] } },
      "it does not have the subnet 10.1.0.0/24",
    ],
    [
      addressed({ ...subnet, IPRange: "10.1.0.0/25" }),
      { ipam: { config: [{ subnet: "10.1.0.0/24" }] } },
      "its range of addresses is 10.1.0.0/25",
    ],
    [
      addressed({ ...subnet, Gateway: "10.1.0.254" }),
      { ipam: { config: [{ subnet: "10.1.0.0/24", gateway: "10.1.0.1" }] } },
      "its gateway is 10.1.0.254",
    ],
    [
      addressed({ ...subnet, AuxiliaryAddresses: { b: "10.1.0.7" } }),
      { ipam: { config: [{ subnet: "10.1.0.0/24" }] } },
      "its reserved address b is another one",
    ],
    [
      addressed({ Subnet: "172.25.0.0/16", AuxiliaryAddresses: { b: "172.25.0.7" } }),
      {},
      "addresses of 172.25.0.0/16 are reserved",
    ],
    [found({ IPAM: { Driver: "other", Config: [] } }), {}, "its address driver is other"],
    [
      found({ IPAM: { Driver: "default", Options: { a: "b" }, Config: [] } }),
      {},
      "its addresses have options",
    ],
  ])("%#", (info, definition, says) => {
    expect(findNetworkFlaw(info, definition)).toBe(says);
  });
});

test("what is asked of the engine is what the definition says", () => {
  expect(engineNetwork({ ipam: { config: [pool, { subnet: "10.2.0.0/24" }] } })).toMatchObject({
    Driver: "bridge",
    IPAM: {
      Config: [
        {
          Subnet: "10.1.0.0/24",
          IPRange: "10.1.0.128/25",
          Gateway: "10.1.0.1",
          AuxiliaryAddresses: { a: "10.1.0.9" },
        },
        { Subnet: "10.2.0.0/24" },
      ],
    },
  });
});
