import { describe, expect, it } from "vitest";
import { uniqueName } from "../../support/index.ts";
import { expectFault, expectReady } from "../faults/outcome.ts";
import { startPlatform, usePlatform } from "../platform.ts";
import { wantInstances } from "../repository-text.ts";

const name = uniqueName("t");
const [proxy, inner] = [`${name}-Proxy.net`, `${name}-inner`];
const release = `
-- packages/nets/compose.yaml --
networks: { inner: { name: ${inner}, internal: true } }
-- packages/front/compose.yaml --
services:
  web: { image: "IMAGES/front:1", networks: [proxy, inner] }
networks: { proxy: { external: true, name: ${proxy} }, inner: { external: true, name: ${inner} } }
-- packages/wiki/compose.yaml --
services:
  app: { image: "IMAGES/wiki:1", networks: [edge], container_name: ${name}-wiki }
networks: { edge: { external: true, name: ${proxy} } }
`;
const instances = {
  nets: { package: "app/nets" },
  front: { package: "app/front" },
  wiki: { package: "app/wiki" },
};

describe("networks by their names", () => {
  const environment = { networks: { [proxy]: { labels: { tier: "first" } } } };
  const platform = usePlatform({ release, name, environment });
  const inspect = async (network: string) => platform().docker.getNetwork(network).inspect();

  it("must join stacks, also where a package has nothing but networks", async () => {
    const round = await platform().reconcile();
    expectReady(round);
    expect(await inspect(proxy)).toMatchObject({ Labels: { tier: "first" } });
    expect(await inspect(inner)).toMatchObject({ Internal: true });
    const get = async (host: string) =>
      platform().exec("front/web", "wget", "-q", "-O", "-", `http://${host}:8080/`);
    expect(await get("app")).toBe("wiki 1\n");
    expect(await get(`${name}-wiki`)).toBe("wiki 1\n");
    expect(round.status.instances.map((each) => [each.name, each.state, each.sync])).toEqual([
      ["front", "running", "in-sync"],
      ["nets", "installed", "in-sync"],
      ["wiki", "running", "in-sync"],
    ]);
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must keep what is in them when the environment changes one", async () => {
    const before = await platform().containers();
    await platform().push({ [platform().paths.environment]: (text) => text.replace("first", "second") });
    expectReady(await platform().reconcile());
    expect(await inspect(proxy)).toMatchObject({ Labels: { tier: "second" } });
    const identities = ({ id, startedAt }: { id: string; startedAt: string }) => [id, startedAt];
    expect((await platform().containers()).map(identities)).toEqual(before.map(identities));
  });

  it("must be one environment's where two of a node want one", async () => {
    await using second = await startPlatform({ release, name: `${name}-b`, environment });
    const round = await second.reconcile();
    expectFault(round, {
      code: "K3007",
      resource: `network:${proxy}`,
      says: `is of environment ${platform().environment}`,
    });
    expect(await inspect(proxy)).toMatchObject({ Labels: { "io.keelson.environment": name } });
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must go when nothing joins them any more", async () => {
    const { front: _front, ...rest } = instances;
    const policy = { allowMassRemoval: true };
    const files = wantInstances(platform(), rest, { policy });
    const withNetworks = (text: string | undefined) => `${text}networks: { "${proxy}": }\n`;
    await platform().push({
      ...files,
      [platform().paths.environment]: withNetworks(files[platform().paths.environment]),
    });
    expectReady(await platform().reconcile());
    expect(await inspect(proxy)).toMatchObject({ Name: proxy });
    await platform().push(wantInstances(platform(), {}, { policy }));
    expectReady(await platform().reconcile());
    await expect(inspect(proxy)).rejects.toThrow("404");
    await expect(inspect(inner)).rejects.toThrow("404");
  });
});

describe("what somebody has made by hand", () => {
  const other = uniqueName("t");
  const [edge, archive] = [`${other}-edge`, `${other}-archive`];
  const environment = {
    policy: {
      requireDigests: false,
      allow: { "app/wiki": { networks: [edge], volumes: [archive] } },
    },
  };
  const platform = usePlatform({
    name: other,
    environment,
    agent: { allow: { networks: [edge], volumes: [archive] } },
    release: `
-- packages/wiki/compose.yaml --
services:
  app: { image: "IMAGES/wiki:1", networks: [default, edge], volumes: ["archive:/archive"] }
networks: { edge: { external: true, name: ${edge} } }
volumes: { archive: { external: true, name: ${archive} } }
`,
  });
  const makeByHand = async () => {
    await platform().docker.createVolume({ Name: archive });
    return platform().docker.createNetwork({ Name: edge });
  };

  it("must be there: nothing is made in its place", async () => {
    const round = await platform().reconcile();
    expectFault(round, { code: "K3081", resource: `network:${edge}`, says: "nothing is made in its place" });
    expectFault(round, { code: "K3082", resource: `volume:${archive}`, says: "no empty one is made" });
    expect(await platform().containers()).toEqual([]);
    await expect(platform().docker.getVolume(archive).inspect()).rejects.toThrow("404");
  });

  it("must be joined and used as it is, and connected again without a restart", async () => {
    const { id } = await makeByHand();
    expectReady(await platform().reconcile());
    const { addresses, mounts, ...before } = await platform().container("wiki/app");
    expect(Object.keys(addresses)).toContain(edge);
    expect(mounts).toEqual({ "/archive": archive });
    await platform().docker.getNetwork(id).disconnect({ Container: before.id, Force: true });
    expectReady(await platform().reconcile());
    const after = await platform().container("wiki/app");
    expect([after.id, after.startedAt]).toEqual([before.id, before.startedAt]);
    expect(Object.keys(after.addresses)).toContain(edge);
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must stay when nothing joins it any more", async () => {
    await platform().push(wantInstances(platform(), {}, { policy: { allowMassRemoval: true } }));
    expectReady(await platform().reconcile());
    expect(await platform().containers()).toEqual([]);
    expect(await platform().docker.getNetwork(edge).inspect()).toMatchObject({ Name: edge, Labels: {} });
    expect(await platform().docker.getVolume(archive).inspect()).toMatchObject({ Name: archive });
  });
});
