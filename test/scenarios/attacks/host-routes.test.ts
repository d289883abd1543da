import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claimAddressPool } from "../../support/index.ts";
import type { AddressPool } from "../../support/index.ts";
import { expectFault, expectReady, expectUntouched, whilePushed } from "../faults/outcome.ts";
import { usePlatform } from "../platform.ts";
import type { Container } from "../platform.ts";

const release = `
-- packages/web/package.yaml --
variables: { SUBNET: "" }
-- packages/web/compose.yaml --
services:
  web: { image: "IMAGES/web:1" }
-- packages/other/compose.yaml --
services:
  other: { image: "IMAGES/other:1" }
`;
const folder = "releases/app/1.0.0/packages/web";
/** The package with a network of its own, and a container in it. */
const withNetwork = (network: string, service = "") => ({
  [`${folder}/compose.yaml`]: `services:
  web: { image: "IMAGES/web:1", networks: { front: {${service}} } }
networks:
  front: ${network}
`,
});
const withSubnet = (subnet: string) => withNetwork(`{ ipam: { config: [{ subnet: "${subnet}" }] } }`);

describe("a network of a package, which becomes a route of the node", () => {
  const platform = usePlatform({ release });
  let before: Container[];
  /** Addresses of a bridge of the node that no engine knows, and free ones beside it. */
  let pool: AddressPool;
  /** The n-th /24 of the pool, of which the bridge has the first. */
  const subnet = (number: number) =>
    pool.base.replace(/(\d+)\.0\/18$/, (_all, third) => `${Number(third) + number}.0/24`);
  const network = () => `network:${platform().project("web")}_front`;
  const service = () => `service:${platform().project("web")}/web`;

  beforeAll(async () => {
    pool = await claimAddressPool();
    expectReady(await platform().reconcile());
    before = await platform().containers();
  });
  afterAll(async () => pool[Symbol.asyncDispose]());

  /** Names of this platform's networks: each would be a route. */
  async function networks(): Promise<string[]> {
    const all = await platform().docker.listNetworks();
    return all
      .map(({ Name: name }) => name)
      .filter((name) => name.startsWith(platform().environment))
      .toSorted();
  }

  it.each([
    ["public addresses, such as a Git server's", { ...withSubnet("198.51.100.0/24") }],
    ["half of all addresses", withSubnet("0.0.0.0/1")],
    ["more than a private range", withSubnet("10.0.0.0/7")],
    ["a whole private range", withSubnet("10.0.0.0/8")],
    ["addresses of carriers", withSubnet("100.64.0.0/16")],
    ["IPv4 addresses inside of IPv6", withSubnet("::ffff:198.51.100.0/120")],
    ["public addresses of IPv6", withSubnet("2001:db8::/64")],
    ["an octal spelling", withSubnet("012.1.2.0/24")],
    ["bits after the prefix", withSubnet("10.201.2.3/16")],
    [
      "a gateway of others",
      withNetwork(`{ ipam: { config: [{ subnet: 10.201.2.0/24, gateway: 198.51.100.1 }] } }`),
    ],
    ["an address of others in a container", withNetwork("{}", " ipv4_address: 198.51.100.7 ")],
    [
      "a variable",
      {
        ...withSubnet("${SUBNET}"),
        [`${folder}/package.yaml`]: (text: string) => text.replace('""', "198.51.100.0/24"),
      },
    ],
  ])("must not be of %s (K1431)", async (_what, changes) => {
    const made = await networks();
    const look = async () => {
      const round = await platform().reconcile();
      expectFault(round, { code: "K1431" });
      expect(round.worked).toBe(false);
    };
    await whilePushed(platform(), { changes, look });
    expect(await networks()).toEqual(made);
    await expectUntouched(platform(), before);
    expectReady(await platform().reconcile());
  });

  it.each([
    ["a macvlan", "{ driver: macvlan, driver_opts: { parent: eth0 } }"],
    ["an ipvlan", "{ driver: ipvlan }"],
    ["a parent interface in a bridge's options", "{ driver_opts: { parent: eth0 } }"],
    ["a bridge of the node", "{ driver_opts: { com.docker.network.bridge.name: docker0 } }"],
  ])("must not be %s (K1415)", async (_what, definition) => {
    const look = async () => {
      const round = await platform().reconcile();
      expectFault(round, { code: "K1415" });
      expect(round.worked).toBe(false);
    };
    await whilePushed(platform(), { changes: withNetwork(definition), look });
    await expectUntouched(platform(), before);
  });

  it("must not take a route of the node, which holds up nothing else (K3024)", async () => {
    const made = await networks();
    for (const taken of [
      subnet(0),
      subnet(0).replace("0/24", "128/25"),
      pool.base.replace(/\.\d+\.0\/18/, ".0.0/16"),
    ]) {
      const look = async () => {
        const round = await platform().reconcile();
        expectFault(round, { code: "K3024", resource: network(), says: "the node's" });
        expectFault(round, { code: "K3023", resource: service() });
        expect(round.status.instances.find(({ name }) => name === "other")).toMatchObject({
          health: "healthy",
          sync: "in-sync",
        });
      };
      await whilePushed(platform(), { changes: withSubnet(taken), look });
    }
    expect(await networks()).toEqual(made);
    await expectUntouched(platform(), before);
    expectReady(await platform().reconcile());
  });

  it("must not take the way to a registry or a Git server behind the default route (K3024)", async () => {
    const made = await networks();
    const changes = {
      ...withSubnet(subnet(3)),
      "releases/app/1.0.0/packages/other/compose.yaml": `services:
  other: { image: "${subnet(3).replace("0/24", "9")}:5000/other:1" }
`,
    };
    const look = async () => {
      const round = await platform().reconcile();
      expectFault(round, { code: "K3024", resource: network(), says: "which this node logs in to" });
      expect(await networks()).toEqual(made);
    };
    await whilePushed(platform(), { changes, look });
    await expectUntouched(platform(), before);
  });

  it("must not take addresses of another network of the engine, and may once that is gone", async () => {
    const name = `${platform().environment}-foreign`;
    const foreign = await platform().docker.createNetwork({
      Name: name,
      IPAM: { Driver: "default", Config: [{ Subnet: subnet(5) }] },
    });
    try {
      await platform().push(withSubnet(subnet(5).replace("0/24", "64/26")));
      expectFault(await platform().reconcile(), { code: "K3024", resource: network(), says: name });
      await expectUntouched(platform(), before);
    } finally {
      await foreign.remove();
    }
    expectReady(await platform().reconcile());
    const made = await platform()
      .docker.getNetwork(`${platform().project("web")}_front`)
      .inspect();
    expect(made.IPAM?.Config?.[0]?.Subnet).toBe(subnet(5).replace("0/24", "64/26"));
    // It is there now: its own route is not somebody else's.
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must be free to take private addresses that nothing uses, or to leave the choice to the engine", async () => {
    const pools = `{ enable_ipv6: true, ipam: { config: [{ subnet: ${subnet(7)}, gateway: ${subnet(7).replace("0/24", "9")} }, { subnet: "fd5a:8f21:33c0:7::/64" }] } }`;
    const address = ` ipv4_address: ${subnet(7).replace("0/24", "77")} `;
    await platform().push(withNetwork(pools, address));
    expectReady(await platform().reconcile());
    const { addresses } = await platform().container("web/web");
    expect(Object.values(addresses)).toEqual([subnet(7).replace("0/24", "77")]);
    await platform().push(withNetwork("{}"));
    expectReady(await platform().reconcile());
  });
});

describe("a network over the place where reports go", () => {
  const timeouts = { git: "10s", pull: "1m" };
  const reporting = usePlatform({
    release,
    agent: { report: { url: "http://10.254.77.9/reports.git" }, timeouts },
  });
  const unknown = usePlatform({ release, agent: { report: { url: "http://git.invalid/x.git" }, timeouts } });

  it("must not be made, although the way there is the default route (K3024)", async () => {
    await reporting().push(withSubnet("10.254.77.0/24"));
    const round = await reporting().reconcile();
    const resource = `network:${reporting().project("web")}_front`;
    expectFault(round, { code: "K3024", resource, says: "10.254.77.9, which this node logs in to" });
    expect((await reporting().container("other/other")).state).toBe("running");
  });

  it("must not be made while nobody knows where that is (K3029)", async () => {
    await unknown().push(withSubnet("10.254.78.0/24"));
    const round = await unknown().reconcile();
    const resource = `network:${unknown().project("web")}_front`;
    expectFault(round, { code: "K3029", resource, says: "git.invalid" });
    expect((await unknown().container("other/other")).state).toBe("running");
  });
});
