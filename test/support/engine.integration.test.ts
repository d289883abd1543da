import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type Docker from "dockerode";
import { expect, test } from "vitest";
import {
  buildImageArchive,
  findFreePort,
  hasEngine,
  isRunning,
  loadImages,
  sharedEngine,
  startEngine,
  uniqueName,
  waitFor,
} from "./index.ts";

const tag = "keelson-test/engine:1.0.0";

test("a private engine runs containers on networks of its own and publishes their ports on loopback", async () => {
  await using first = await startEngine();
  await using second = await startEngine();
  const archive = await buildImageArchive({ tag });
  const pages = await Promise.all(
    [first, second].map(async ({ docker }) => {
      await loadImages(docker, [archive]);
      const port = await findFreePort();
      await runService(docker, { network: "inside", port });
      return await fetchPage(port);
    }),
  );
  expect(pages).toEqual(["engine 1.0.0\n", "engine 1.0.0\n"]);
  const subnets = await Promise.all(
    [first, second].map(async ({ docker }) => {
      const { IPAM } = await docker.getNetwork("inside").inspect();
      return IPAM?.Config?.[0]?.Subnet;
    }),
  );
  expect(new Set(subnets).size).toBe(2);
  expect(await (await sharedEngine()).listImages({ filters: { reference: [tag] } })).toEqual([]);
});

test.skipIf(!hasEngine("28"))("a private engine may be another one than the machine's", async () => {
  await using engine = await startEngine({ version: "28" });
  const { ServerVersion: version } = await engine.docker.info();
  expect(version).toMatch(/^28\./);
  await loadImages(engine.docker, [await buildImageArchive({ tag })]);
  // It knows the host's address.
  const HostConfig = { ExtraHosts: ["host:host-gateway"] };
  const container = await engine.docker.createContainer({
    Image: tag,
    Cmd: ["grep", "host", "/etc/hosts"],
    HostConfig,
  });
  await container.start();
  expect(await container.wait()).toMatchObject({ StatusCode: 0 });
});

test("containers of a private engine reach each other by name", async () => {
  await using engine = await startEngine();
  await loadImages(engine.docker, [await buildImageArchive({ tag })]);
  const service = await runService(engine.docker, { network: "inside", port: await findFreePort() });
  await service.rename({ name: "server" });
  const client = await engine.docker.createContainer({
    Image: tag,
    Cmd: ["timeout", "10", "wget", "-q", "-O", "/dev/null", "http://server:8080/"],
    HostConfig: { NetworkMode: "inside" },
  });
  await client.start();
  expect(await client.wait()).toMatchObject({ StatusCode: 0 });
});

test("an engine that was stopped or killed comes back with its data", async () => {
  await using engine = await startEngine();
  await loadImages(engine.docker, [await buildImageArchive({ tag })]);
  const port = await findFreePort();
  const container = await runService(engine.docker, { network: "inside", port });
  const process = async () => (await container.inspect()).State.Pid;

  const first = await process();
  await engine.stop();
  expect(await isRunning(first)).toBe(false);
  await expect(engine.docker.ping()).rejects.toThrow(/ENOENT|ECONNREFUSED/);
  await engine.start();
  await container.start();
  expect(await fetchPage(port)).toBe("engine 1.0.0\n");

  const second = await process();
  await engine.kill();
  expect(await isRunning(second)).toBe(true);
  await expect(engine.docker.ping()).rejects.toThrow(/ECONNREFUSED/);
  await engine.start();
  expect(await isRunning(second)).toBe(false);
  await container.start();
  expect(await fetchPage(port)).toBe("engine 1.0.0\n");
});

test("starting private engines, again too, leaves the default bridge of the machine's engine alone", async () => {
  const bridge = async () => /^docker0\t\S+/m.exec(await readFile("/proc/net/route", "utf8"))?.[0];
  const before = await bridge();
  await using engine = await startEngine();
  await engine.stop();
  await engine.start();
  await engine.kill();
  await engine.start();
  expect(before).toBeDefined();
  expect(await bridge()).toBe(before);
});

test("a disposed engine leaves no process, mount, bridge or file, also when it was killed", async () => {
  await using engine = await startEngine();
  const folder = dirname(engine.socketPath);
  await loadImages(engine.docker, [await buildImageArchive({ tag })]);
  await runService(engine.docker, { network: uniqueName("net"), port: await findFreePort() });
  const pool = (await engine.docker.getNetwork("bridge").inspect()).Options?.[
    "com.docker.network.bridge.name"
  ];
  expect(await readFile("/proc/net/route", "utf8")).toContain(pool);
  await engine.kill();
  await engine[Symbol.asyncDispose]();
  expect(existsSync(folder)).toBe(false);
  expect(await readFile("/proc/self/mounts", "utf8")).not.toContain(folder);
  expect(await readFile("/proc/net/route", "utf8")).not.toContain(pool);
});

async function runService(
  docker: Docker,
  { network, port }: { network: string; port: number },
): Promise<Docker.Container> {
  await docker.createNetwork({ Name: network });
  const container = await docker.createContainer({
    Image: tag,
    HostConfig: {
      NetworkMode: network,
      PortBindings: { "8080/tcp": [{ HostIp: "127.0.0.1", HostPort: String(port) }] },
    },
    ExposedPorts: { "8080/tcp": {} },
  });
  await container.start();
  return container;
}

async function fetchPage(port: number): Promise<string> {
  return await waitFor(
    async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(10_000) });
      return await answer.text();
    },
    { what: `a page on port ${port}` },
  );
}
