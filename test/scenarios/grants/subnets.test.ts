import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type AddressPool, claimAddressPool, uniqueName } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

const name = uniqueName("s");
const file = `environments/${name}/environment.yaml`;
/** Of the range for benchmarks (RFC 2544), which is nobody's and not private. */
const wide = `198.18.${Number.parseInt(name.slice(-2), 16)}.0/24`;
const app = `services: { app: { image: "IMAGES/app:1", init: true, stop_grace_period: 1s, networks: [shared, own] } }\n`;

describe("a subnet beyond private ranges, or over what the node has", () => {
  let pool: AddressPool;
  beforeAll(async () => {
    pool = await claimAddressPool();
  });
  afterAll(async () => pool[Symbol.asyncDispose]());
  /** Addresses of a bridge of the node that no engine knows. */
  const held = () => pool.base.replace("/18", "/24");
  const environment = (subnets: string[]) => `name: ${name}
discover: [{ path: "apps/*", on: { node: n1 }, project: folder }]
networks: { ${name}-shared: { ipam: { config: [{ subnet: ${wide} }] } } }
policy: ${JSON.stringify({ allow: { [`./apps/${name}-app`]: { subnets } } })}
`;
  const compose = (subnet: string) => `${app}networks:
  shared: { external: true, name: ${name}-shared }
  own: { ipam: { config: [{ subnet: ${subnet} }] } }
`;
  const platform = usePlatform({
    name,
    files: {
      [file]: environment([]),
      [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
      [`apps/${name}-app/compose.yaml`]: compose("${SUBNET:-192.168.211.0/24}"),
    },
  });
  const subnetsOf = async () => {
    const networks = await platform().docker.listNetworks();
    return networks
      .filter((each) => each.Name.startsWith(name))
      .flatMap(({ IPAM }) => (IPAM?.Config ?? []).map(({ Subnet }) => Subnet));
  };
  const codes = async () => (await platform().status()).errors.map(({ code }) => code);

  it("must be refused where the environment does not grant it, or too little, at the line of its network", async () => {
    await platform().push({ [`apps/${name}-app/compose.yaml`]: compose(held()) });
    await platform().configure({ allow: { subnets: [wide, held()] } });
    for (const subnets of [[], [wide.replace("/24", "/25")], [held()]]) {
      await platform().push({ [file]: environment(subnets) });
      const { stderr } = await platform().keelson(["check"]);
      expect(stderr).toContain(`[K1431] ${file}:3:`);
      expect(stderr).toContain(
        `policy: { allow: { ./apps/${name}-app: { subnets: ["${wide}"] } } }, and in agent.yaml of its nodes: allow: { subnets: ["${wide}"] }`,
      );
    }
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await subnetsOf()).toEqual([]);
  });

  it("must be refused where the node does not permit it, or too little", async () => {
    await platform().push({ [file]: environment([wide, held()]) });
    for (const subnets of [[], [wide], [held(), wide.replace("/24", "/25")]]) {
      await platform().configure({ allow: { subnets } });
      expect((await platform().reconcile()).exitCode).toBe(1);
      expect(await codes()).toContain("K3060");
      expect(await subnetsOf()).toEqual([]);
    }
  });

  it("must not be made over a way of the node that the environment does not name (K3024)", async () => {
    await platform().push({ [file]: environment([wide]) });
    await platform().configure({ allow: { subnets: [wide, held()] } });
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await codes()).toContain("K3024");
    expect(await subnetsOf()).not.toContain(held());
  });

  it("must be what a network has where both sides name it", async () => {
    await platform().push({ [file]: environment([wide, held()]) });
    const round = await platform().reconcile();
    expect([round.exitCode, await codes()]).toEqual([0, []]);
    expect(new Set(await subnetsOf())).toEqual(new Set([wide, held()]));
    const { instances } = await platform().status();
    expect(new Set(instances[0]?.grants?.map(({ value }) => value))).toEqual(new Set([wide, held()]));
    expect((await platform().keelson(["check"])).stderr).toBe("");
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });
});
