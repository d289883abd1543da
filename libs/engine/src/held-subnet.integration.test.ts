import { claimAddressPool, sharedEngine } from "@keelson/test/support";
import type { AddressPool } from "@keelson/test/support";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { observeEngine } from "./index.ts";
import type { ObserveRequest } from "./index.ts";
import { type TestBench, makeTestBench } from "./test-bench.ts";

let bench: TestBench;
/** A bridge of the node with an address, which no engine knows; more of its addresses are free. */
let pool: AddressPool;
beforeAll(async () => {
  bench = await makeTestBench(await sharedEngine());
  pool = await claimAddressPool();
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await pool[Symbol.asyncDispose]();
});

/** The n-th /24 of the pool: the first is the bridge's. */
const subnet = (number: number) =>
  pool.base.replace(/(\d+)\.0\/18$/, (_all, third) => `${Number(third) + number}.0/24`);
const desired = (name: string, ...subnets: string[]) => ({
  network: `${bench.environment}_${name}`,
  digest: "n1",
  subnets,
});
const heldOf = async (request: Partial<ObserveRequest>) =>
  (await observeEngine(bench.context.engine, bench.observation(request))).heldSubnets;

describe("a subnet of a network that is to be made", () => {
  test("is free when nothing uses it", async () => {
    expect(await heldOf({ subnets: [desired("free", subnet(7), "fd5a:8f21:33c0::/64")] })).toEqual([]);
  });

  test("is held by a route of the node, and by a part of it", async () => {
    const wide = pool.base.replace(/\.\d+\.0\/18$/, ".0.0/16");
    const inner = subnet(0).replace("0/24", "128/25");
    const held = await heldOf({ subnets: [desired("wide", wide), desired("inner", inner)] });
    expect(held.map(({ network, holder }) => [network, holder])).toEqual([
      [desired("wide").network, expect.stringMatching(/^the node's (address|route) 10\./)],
      [desired("inner").network, expect.stringContaining(`through ${pool.bridge}`)],
    ]);
  });

  test("is held by another network of the engine, made by whomever, and not by the one that it replaces", async () => {
    const name = desired("other").network;
    const network = await bench.docker.createNetwork({
      Name: name,
      Driver: "bridge",
      IPAM: { Driver: "default", Config: [{ Subnet: subnet(9) }] },
    });
    try {
      const part = subnet(9).replace("0/24", "64/26");
      expect(await heldOf({ subnets: [desired("mine", part)] })).toEqual([
        {
          network: desired("mine").network,
          subnet: part,
          holder: `the engine's network ${name} (${subnet(9)})`,
          holderNetwork: { id: network.id, name },
          unknown: null,
        },
      ]);
      expect(await heldOf({ subnets: [desired("other", subnet(9))] })).toEqual([]);
    } finally {
      await network.remove();
    }
  });

  test("is held by a host that the node logs in to, also beyond its default route", async () => {
    const host = subnet(12).replace("0/24", "3");
    const subnets = [desired("remote", subnet(12))];
    const byGit = await heldOf({ subnets, remotes: [{ host, mustResolve: true }] });
    const byImage = await heldOf({ subnets, images: [`${host}:5000/app:1`] });
    for (const held of [byGit, byImage]) {
      expect(held.map(({ holder }) => holder)).toEqual([`${host}, which this node logs in to`]);
    }
    for (const mapped of [`::ffff:${host}`, URL.parse(`http://[::ffff:${host}]/`)?.hostname ?? ""]) {
      expect(await heldOf({ subnets, remotes: [{ host: mapped, mustResolve: true }] })).toHaveLength(1);
    }
    const ipv6 = [desired("remote6", "fd5a:8f21:33c0::/64")];
    const remotes = [{ host: "[fd5a:8f21:33c0::9]", mustResolve: true }];
    expect(await heldOf({ subnets: ipv6, remotes })).toHaveLength(1);
  });

  test("is not known to be free while the name of such a host cannot be resolved", async () => {
    const subnets = [desired("unknown", subnet(13))];
    expect(await heldOf({ subnets, remotes: [{ host: "git.invalid", mustResolve: true }] })).toEqual([
      expect.objectContaining({ holder: null, unknown: expect.stringContaining("git.invalid") }),
    ]);
    expect(await heldOf({ subnets, remotes: [{ host: "alias.invalid", mustResolve: false }] })).toEqual([]);
    expect(await heldOf({ subnets, images: ["registry.invalid/app:1"] })).toEqual([]);
  });

  test("is not asked for once the network is there as it is desired", async () => {
    const own = desired("made", subnet(0));
    const network = await bench.docker.createNetwork({
      Name: own.network,
      Labels: { "io.keelson.digest": own.digest },
    });
    try {
      expect(await heldOf({ subnets: [own] })).toEqual([]);
      expect(await heldOf({ subnets: [{ ...own, digest: "n2" }] })).toHaveLength(1);
    } finally {
      await network.remove();
    }
  });
});
