import {
  type ObservedContainer,
  type ObservedEndpoint,
  composeLabels,
  labels,
  resourceIds,
} from "@keelson/model";
import { sharedEngine } from "@keelson/test/support";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { connectContainer, createNetwork, createVolume, observeEngine, removeNetwork } from "./index.ts";
import { type TestBench, makeTestBench, operationOf, ownerOf } from "./test-bench.ts";

let bench: TestBench;
beforeAll(async () => {
  bench = await makeTestBench(await sharedEngine());
});
afterAll(() => bench[Symbol.asyncDispose]());

function creation(name: string, definition: Record<string, unknown> = {}) {
  const network = { key: "default", name: `${bench.environment}-${name}`, digest: "n1", definition };
  return operationOf("create-network", { instance: "core", project: bench.project("core"), network });
}

describe("a network", () => {
  test("is made by its definition, with Compose's labels and ours", async () => {
    const operation = creation("full", {
      driver: "bridge",
      driver_opts: { "com.docker.network.bridge.enable_icc": "true" },
      internal: true,
      attachable: true,
      labels: { mine: "yes", [labels.owner]: "stolen" },
      ipam: {
        config: [
          { subnet: "10.191.77.0/28", gateway: "10.191.77.2", aux_addresses: { host: "10.191.77.3" } },
        ],
      },
    });
    await createNetwork(bench.context, operation);
    const made = await bench.docker.getNetwork(operation.network.name).inspect();
    expect(made).toMatchObject({
      Driver: "bridge",
      Internal: true,
      Attachable: true,
      EnableIPv6: false,
      Options: { "com.docker.network.bridge.enable_icc": "true" },
    });
    expect(made.IPAM?.Config).toEqual([
      { Subnet: "10.191.77.0/28", Gateway: "10.191.77.2", AuxiliaryAddresses: { host: "10.191.77.3" } },
    ]);
    expect(made.Labels).toEqual({
      mine: "yes",
      [composeLabels.project]: bench.project("core"),
      [composeLabels.network]: "default",
      [labels.environment]: bench.environment,
      [labels.instance]: "core",
      [labels.digest]: "n1",
      [labels.owner]: ownerOf(resourceIds.network(operation.network.name)),
    });
  });

  test("that is there already is fine and not made twice", async () => {
    const operation = creation("twice");
    await createNetwork(bench.context, operation);
    await createNetwork(bench.context, operation);
    const all = await bench.docker.listNetworks();
    expect(all.filter(({ Name }) => Name === operation.network.name)).toHaveLength(1);
  });

  test("of the same name that is foreign is K3007 and stays", async () => {
    const operation = creation("foreign");
    const { id } = await bench.docker.createNetwork({ Name: operation.network.name });
    await expect(createNetwork(bench.context, operation)).rejects.toMatchObject({
      code: "K3007",
      outcome: { kind: "stalled" },
    });
    expect(await bench.docker.getNetwork(id).inspect()).toMatchObject({ Labels: {} });
  });

  test("that cannot be made is K3009", async () => {
    const refused = createNetwork(bench.context, creation("bad", { ipam: { config: [{ subnet: "no" }] } }));
    await expect(refused).rejects.toMatchObject({ code: "K3009" });
  });

  test("is removed, once and again", async () => {
    const operation = creation("removed");
    await createNetwork(bench.context, operation);
    const { Id: networkId } = await bench.docker.getNetwork(operation.network.name).inspect();
    await removeNetwork(bench.context, operationOf("remove-network", { networkId, members: [] }));
    await removeNetwork(bench.context, operationOf("remove-network", { networkId, members: [] }));
    await expect(bench.docker.getNetwork(networkId).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  test("in use is K3013 naming who is attached, and goes once it is free", async () => {
    const operation = creation("used");
    await createNetwork(bench.context, operation);
    const { Id: networkId } = await bench.docker.getNetwork(operation.network.name).inspect();
    const name = `${bench.environment}-user`;
    const container = await bench.docker.createContainer({
      name,
      Image: bench.image,
      HostConfig: { NetworkMode: operation.network.name },
      StopTimeout: 0,
    });
    await container.start();
    const removal = () =>
      removeNetwork(bench.context, operationOf("remove-network", { networkId, members: [] }));
    await expect(removal()).rejects.toMatchObject({
      code: "K3013",
      outcome: { kind: "transient" },
      message: expect.stringContaining(name),
    });
    await container.remove({ force: true });
    await removal();
  });

  test("lets its members go, whether they run or not", async () => {
    const operation = creation("left");
    await createNetwork(bench.context, operation);
    const { Id: networkId } = await bench.docker.getNetwork(operation.network.name).inspect();
    const running = await member("runs", operation.network.name);
    const stopped = await member("stopped", operation.network.name);
    await bench.docker.getContainer(stopped).kill();
    const members = [running, stopped, "0".repeat(64)];
    await removeNetwork(bench.context, operationOf("remove-network", { networkId, members }));
    await expect(bench.docker.getNetwork(networkId).inspect()).rejects.toMatchObject({ statusCode: 404 });
    for (const id of [running, stopped]) {
      expect((await bench.docker.getContainer(id).inspect()).NetworkSettings.Networks).toEqual({});
    }
    expect((await bench.docker.getContainer(running).inspect()).State.Running).toBe(true);
  });

  test("has its members again as they were where a guest keeps it", async () => {
    const operation = creation("kept", { ipam: { config: [{ subnet: "10.191.77.16/28" }] } });
    await createNetwork(bench.context, operation);
    const { Id: networkId } = await bench.docker.getNetwork(operation.network.name).inspect();
    const endpoint = { Aliases: ["app", "other"], IPAMConfig: { IPv4Address: "10.191.77.20" } };
    const own = await member("own", operation.network.name, endpoint);
    await member("guest", operation.network.name);
    const before = await connectionOf(own, operation.network.name);
    const refused = removeNetwork(
      bench.context,
      operationOf("remove-network", { networkId, members: [own] }),
    );
    await expect(refused).rejects.toMatchObject({
      code: "K3013",
      message: expect.stringContaining(`${bench.environment}-guest`),
    });
    expect(await connectionOf(own, operation.network.name)).toEqual(before);
    expect(before).toMatchObject({ IPAddress: "10.191.77.20" });
  });

  test("is joined by what runs and by what does not, as it was asked", async () => {
    const operation = creation("joined", { ipam: { config: [{ subnet: "10.191.77.32/28" }] } });
    const { name } = operation.network;
    await createNetwork(bench.context, operation);
    const { Id: old } = await bench.docker.getNetwork(name).inspect();
    const ids = [
      await member("joins", name),
      await member("ended", name),
      await member("unborn", name, {}, false),
    ];
    const [running = "", ended = ""] = ids;
    await bench.docker.getContainer(ended).kill();
    // The stopped ones keep the id of the network that is gone.
    await removeNetwork(bench.context, operationOf("remove-network", { networkId: old, members: [running] }));
    await createNetwork(bench.context, operation);
    for (const [index, containerId] of ids.entries()) {
      const endpoint = { ...asked, ipv4Address: `10.191.77.${40 + index}` };
      const containerName = `container ${index}`;
      const connection = operationOf("connect-container", {
        containerId,
        containerName,
        network: name,
        endpoint,
      });
      await connectContainer(bench.context, connection);
      await connectContainer(bench.context, connection);
      if (index > 0) await bench.docker.getContainer(containerId).start();
      expect(await connectionOf(containerId, name)).toMatchObject({
        Aliases: expect.arrayContaining(["app", "api"]),
        IPAddress: endpoint.ipv4Address,
      });
    }
    const { Config: config, State: state } = await bench.docker.getContainer(running).inspect();
    expect(config.Image).toBe(bench.image);
    expect(state.Running).toBe(true);
  });

  test("that somebody else has made is joined by its id, and not by its name", async () => {
    const name = `${bench.environment}_proxy`;
    const foreign = await bench.docker.createNetwork({ Name: name });
    bench.foreign.add(foreign.id);
    const own = creation("joining");
    await createNetwork(bench.context, own);
    const containerId = await member("foreign", own.network.name);
    try {
      const connection = { containerId, containerName: "c", network: name, endpoint: asked };
      await expect(
        connectContainer(bench.context, operationOf("connect-container", connection)),
      ).rejects.toMatchObject({ code: "K3048" });
      await connectContainer(
        bench.context,
        operationOf("connect-container", { ...connection, networkId: foreign.id }),
      );
      expect(await seenNetworks("foreign")).toEqual([own.network.name, name].sort());
      expect(await connectionOf(containerId, name)).toMatchObject({ NetworkID: foreign.id });
    } finally {
      await bench.docker.getContainer(containerId).remove({ force: true });
      await foreign.remove();
    }
  });

  test("of the environment has no project and no instance", async () => {
    const { network } = creation("environments");
    await createNetwork(
      bench.context,
      operationOf("create-network", { network, instance: null, project: null }),
    );
    const { Labels: all } = await bench.docker.getNetwork(network.name).inspect();
    expect(all).toMatchObject({ [labels.environment]: bench.environment });
    expect(all).not.toHaveProperty([composeLabels.project]);
    expect(all).not.toHaveProperty([labels.instance]);
    await bench.docker.getNetwork(network.name).remove();
  });

  test("that refuses an address is K3048, and what is not in it is seen", async () => {
    const operation = creation("refusing", { ipam: { config: [{ subnet: "10.191.77.48/28" }] } });
    const { name } = operation.network;
    await createNetwork(bench.context, operation);
    const endpoint = { Aliases: ["old"], IPAMConfig: { IPv4Address: "10.191.77.59" } };
    const containerId = await member("refused", name, endpoint);
    const connect = async (endpoint: object, network = name) =>
      connectContainer(
        bench.context,
        operationOf("connect-container", {
          containerId,
          containerName: "c",
          network,
          endpoint: { ...asked, ...endpoint },
        }),
      );
    const refusal = { code: "K3048", outcome: { kind: "transient" } };
    await expect(connect({}, `${name}-gone`)).rejects.toMatchObject(refusal);
    expect(await seenNetworks("refused")).toEqual([name]);
    // Better in it as it was than not at all.
    const before = await connectionOf(containerId, name);
    await expect(connect({ ipv4Address: "10.191.99.1" })).rejects.toMatchObject(refusal);
    expect(await connectionOf(containerId, name)).toEqual(before);
    expect(await seenNetworks("refused")).toEqual([name]);
    await bench.docker.getNetwork(name).disconnect({ Container: containerId });
    await expect(connect({ ipv4Address: "10.191.99.1" })).rejects.toMatchObject(refusal);
    expect(await seenNetworks("refused")).toEqual([]);
    await connect({ ipv4Address: "10.191.77.60" });
    expect(await seenNetworks("refused")).toEqual([name]);
    expect(await seenEndpoint("refused", name)).toMatchObject({
      names: expect.arrayContaining(["app", "api"]),
      fixedAddresses: ["10.191.77.60"],
    });
    await connect({ aliases: ["app"] });
    const { names, fixedAddresses } = (await seenEndpoint("refused", name)) ?? {};
    expect(names).not.toContain("api");
    expect(fixedAddresses).toEqual([]);
  });

  const asked = { aliases: ["app", "api"], ipv4Address: "", ipv6Address: "", linkLocalAddresses: [] };

  async function seenNetworks(name: string): Promise<string[] | undefined> {
    return (await seenContainer(name))?.networks;
  }

  async function seenEndpoint(name: string, network: string): Promise<ObservedEndpoint | undefined> {
    return (await seenContainer(name))?.endpoints?.[network];
  }

  async function seenContainer(name: string): Promise<ObservedContainer | undefined> {
    const projects = [`${bench.environment}-${name}`];
    const { containers } = await observeEngine(bench.context.engine, bench.observation({ projects }));
    return containers.find((each) => each.name === `${bench.environment}-${name}`);
  }

  /** A container in a network; it runs unless told. */
  async function member(name: string, network: string, endpoint: object = {}, runs = true): Promise<string> {
    const container = await bench.docker.createContainer({
      name: `${bench.environment}-${name}`,
      Image: bench.image,
      HostConfig: { NetworkMode: network },
      NetworkingConfig: { EndpointsConfig: { [network]: endpoint } },
      StopTimeout: 0,
      Labels: { [composeLabels.project]: `${bench.environment}-${name}` },
    });
    if (runs) await container.start();
    return container.id;
  }

  async function connectionOf(id: string, network: string): Promise<object> {
    const { NetworkSettings: settings } = await bench.docker.getContainer(id).inspect();
    const { Aliases, IPAMConfig, IPAddress, NetworkID } = Object(settings.Networks[network]);
    return { Aliases, IPAMConfig, IPAddress, NetworkID };
  }
});

describe("a volume", () => {
  function volumeCreation(name: string, definition: Record<string, unknown> = {}) {
    const volume = {
      key: "data",
      name: `${bench.environment}_${name}`,
      digest: "v1",
      definition,
      format: 7,
      reads: null,
      generation: 1,
    };
    return operationOf("create-volume", { instance: "core", project: bench.project("core"), volume });
  }

  test("is made by its definition, with Compose's labels and ours; again it is the same", async () => {
    const definition = { driver_opts: { type: "tmpfs", device: "tmpfs" }, labels: { mine: "yes" } };
    const operation = volumeCreation("full", definition);
    await createVolume(bench.context, operation);
    const made = await bench.docker.getVolume(operation.volume.name).inspect();
    expect(made).toMatchObject({ Driver: "local", Options: { type: "tmpfs", device: "tmpfs" } });
    expect(made.Labels).toEqual({
      mine: "yes",
      [composeLabels.project]: bench.project("core"),
      [composeLabels.volume]: "data",
      [labels.environment]: bench.environment,
      [labels.instance]: "core",
      [labels.digest]: "v1",
      [labels.owner]: ownerOf(resourceIds.volume(operation.volume.name)),
      [labels.format]: "7",
      [labels.generation]: "1",
    });
    await createVolume(bench.context, operation);
    expect(await bench.docker.getVolume(operation.volume.name).inspect()).toEqual(made);
  });

  test.each([
    ["without labels", {}],
    ["with a forged owner", { [labels.owner]: "f".repeat(64) }],
  ])("of the same name %s is K3007 and stays as it is", async (what, all) => {
    const operation = volumeCreation(`foreign-${what.replaceAll(" ", "-")}`);
    await bench.docker.createVolume({ Name: operation.volume.name, Labels: all });
    const before = await bench.docker.getVolume(operation.volume.name).inspect();
    await expect(createVolume(bench.context, operation)).rejects.toMatchObject({
      code: "K3007",
      outcome: { kind: "stalled" },
    });
    expect(await bench.docker.getVolume(operation.volume.name).inspect()).toEqual(before);
  });

  test("of ours with another definition is K3007 too: its data is not what this one means", async () => {
    const operation = volumeCreation("changed");
    await createVolume(bench.context, operation);
    const changed = { ...operation, volume: { ...operation.volume, digest: "v2" } };
    await expect(createVolume(bench.context, changed)).rejects.toMatchObject({ code: "K3007" });
  });
});
