import { once } from "node:events";
import { createServer } from "node:net";

import type { Awaited } from "@keelson/model";
import { buildImageArchive, findFreePort, loadImages, removeImages, waitFor } from "@keelson/test/support";
import { expect, test } from "vitest";

import { type EnginePoll, type PolledEvent } from "./poll.ts";
import type { TestBench } from "./test-bench.ts";
import { usePoll } from "./test-poll.ts";

let bench: TestBench;
let poll: EnginePoll;
usePoll((at) => ({ bench, poll } = at));

async function hasArrived(awaited: Awaited): Promise<boolean> {
  const arrived = await poll.findArrived([awaited]);
  expect(arrived).toEqual(arrived.length === 0 ? [] : [awaited]);
  return arrived.length > 0;
}

async function portOf(hostIp = "127.0.0.1"): Promise<Awaited & { kind: "port" }> {
  return { kind: "port", hostIp, port: await findFreePort(), protocol: "tcp" };
}

/** A container that has nothing to do with the environment. */
async function stranger(host: object = {}) {
  const container = await bench.docker.createContainer({
    name: `stranger-of-${bench.environment}`,
    Image: bench.image,
    Cmd: ["sleep", "1000"],
    ExposedPorts: { "8080/tcp": {} },
    HostConfig: { NetworkMode: "none", ...host },
  });
  await container.start();
  return { container, [Symbol.asyncDispose]: async () => container.remove({ force: true }) };
}

test("a port is free once no program and no container has it", async () => {
  const awaited = await portOf();
  const program = createServer().listen(awaited.port, "127.0.0.1");
  await once(program, "listening");
  expect(await hasArrived(awaited)).toBe(false);
  program.close();
  await once(program, "close");
  expect(await hasArrived(awaited)).toBe(true);
  const PortBindings = { "8080/tcp": [{ HostIp: "127.0.0.1", HostPort: String(awaited.port) }] };
  await using holder = await stranger({ NetworkMode: "bridge", PortBindings });
  expect(await hasArrived(awaited)).toBe(false);
  await holder.container.stop({ t: 0 });
  expect(await hasArrived(awaited)).toBe(true);
});

test("an image is there once somebody has loaded it", async () => {
  const image = `keelson-test/${bench.environment}/awaited:1`;
  const awaited: Awaited = { kind: "image", image };
  expect(await hasArrived(awaited)).toBe(false);
  await loadImages(bench.docker, [await buildImageArchive({ tag: image })]);
  expect(await hasArrived(awaited)).toBe(true);
  await removeImages(bench.docker, [image]);
  expect(await hasArrived(awaited)).toBe(false);
});

test("networks and volumes are gone once they are removed, and a network is left by whom it is left", async () => {
  const name = `${bench.project("core")}_default`;
  const network = await bench.docker.createNetwork({ Name: name });
  const gone: Awaited = { kind: "network", id: network.id, name };
  const volume = `${bench.project("core")}_data`;
  await bench.docker.createVolume({ Name: volume });
  expect(await poll.findArrived([gone, { kind: "volume", name: volume }])).toEqual([]);
  await using guest = await stranger();
  const container = `stranger-of-${bench.environment}`;
  const left: Awaited = { kind: "member", networkId: network.id, network: name, container };
  expect(await hasArrived(left)).toBe(true);
  await bench.docker.getNetwork("none").disconnect({ Container: guest.container.id });
  await network.connect({ Container: guest.container.id });
  expect(await hasArrived(left)).toBe(false);
  // A stopped one is still in it.
  await guest.container.stop({ t: 0 });
  expect(await hasArrived(left)).toBe(false);
  await network.disconnect({ Container: guest.container.id, Force: true });
  expect(await hasArrived(left)).toBe(true);
  await network.remove();
  await bench.docker.getVolume(volume).remove();
  expect(await poll.findArrived([gone, { kind: "volume", name: volume }])).toHaveLength(2);
});

test("what others free or bring is told by events, each with that it is of others", async () => {
  const events: PolledEvent[] = [];
  const watch = poll.watch({
    environment: bench.environment,
    onEvent: (event) => events.push(event),
    onEnd: () => {},
  });
  const told = (action: string, id: string) =>
    waitFor(() => events.some((event) => event.action === action && event.id === id), {
      what: `${action} of ${id}`,
    });
  const { container } = await stranger();
  await container.remove({ force: true });
  await told("die", container.id);
  await told("destroy", container.id);
  const image = bench.docker.getImage(bench.image);
  const { Id: id } = await image.inspect();
  await image.tag({ repo: `keelson-test/${bench.environment}`, tag: "2" });
  await told("tag", id);
  await removeImages(bench.docker, [`keelson-test/${bench.environment}:2`]);
  const own = events.filter(({ id: each }) => [id, container.id].includes(each));
  expect(new Set(own.map(({ isOthers }) => isOthers))).toEqual(new Set([true]));
  expect(own.map(({ action }) => action)).not.toContain("start");
  watch.close();
});
