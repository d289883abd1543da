import { type Awaited, emptyRecord } from "@keelson/model";
import { expect, test } from "vitest";

import { findAwaited } from "./awaited.ts";
import { node } from "./desired-fixture.ts";
import { applied, changed } from "./node-fixture.ts";
import { planOf } from "./plan-fixture.ts";
import { emptyObserved } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const desired = node({
  core: { services: { web: { ports: [80] }, db: { volumes: ["data"] } }, volumes: { data: "local" } },
});
const empty: SimulatedNode = { desired, observed: emptyObserved, record: emptyRecord };

const awaitedOf = (state: SimulatedNode): Awaited[] => findAwaited({ ...state, plan: planOf(state) });

test("a node with nothing left to do awaits nothing", () => {
  expect(awaitedOf(applied(desired))).toEqual([]);
});

test("an image that is to be pulled is awaited: a person may bring it, too", () => {
  expect(awaitedOf(empty)).toEqual(
    [
      { kind: "image", image: "web:1.0" },
      { kind: "image", image: "db:1.0" },
    ].toSorted((a, b) => a.image.localeCompare(b.image)),
  );
});

const withImages = (state: SimulatedNode) =>
  changed(state, ({ observed }) => {
    observed.images = Object.fromEntries(
      desired.instances.flatMap(({ services }) =>
        services.map(({ image }) => [image, { id: `image of ${image}`, digests: [] }]),
      ),
    );
  });

test("a port that something else holds is awaited where it blocks a service", () => {
  const held = { hostIp: "", port: 80, protocol: "tcp", container: null };
  const taken = changed(withImages(empty), ({ observed }) => {
    observed.heldPorts = [held, { ...held, port: 81 }];
  });
  expect(awaitedOf(taken)).toEqual([{ kind: "port", hostIp: "", port: 80, protocol: "tcp" }]);
});

test("foreign networks and volumes in the way are awaited to go, what is ours is not", () => {
  const before = withImages(applied(desired));
  const [network] = before.observed.networks;
  const inTheWay = changed(withImages(empty), ({ observed }) => {
    observed.networks = before.observed.networks.map((each) => ({ ...each, ownership: "foreign" }));
    observed.volumes = before.observed.volumes.map((each) => ({ ...each, ownership: "foreign" }));
  });
  expect(awaitedOf(inTheWay)).toEqual([
    { kind: "network", id: network?.id, name: "lab-core_default" },
    { kind: "volume", name: "lab-core_data" },
  ]);
  expect(awaitedOf(before)).toEqual([]);
});

test.each([
  ["of which nothing shows that it is ours", { ownership: "unproven" }],
  ["that carries our labels and is another one", { ownership: "forged", flaw: "another subnet" }],
] as const)("a network %s is awaited to go", (_what, made) => {
  const before = withImages(applied(desired));
  const inTheWay = changed(before, ({ observed }) => {
    observed.containers = [];
    for (const network of observed.networks) Object.assign(network, made);
  });
  expect(awaitedOf(inTheWay)).toEqual([
    { kind: "network", id: before.observed.networks[0]?.id, name: "lab-core_default" },
  ]);
});

test("the network whose subnet is in the way is awaited to go, and a route of the node is not", () => {
  const subnets = (holderNetwork?: { id: string; name: string }) =>
    changed(withImages(empty), ({ observed }) => {
      observed.heldSubnets = [
        {
          network: "lab-core_default",
          subnet: "10.1.0.0/24",
          holder: "something",
          unknown: null,
          ...(holderNetwork === undefined ? {} : { holderNetwork }),
        },
      ];
    });
  const other = { id: "n1", name: "other" };
  expect(awaitedOf(subnets(other))).toEqual([{ kind: "network", ...other }]);
  expect(awaitedOf(subnets())).toEqual([]);
});

test("the container that holds a network which is to be made anew is awaited to leave it", () => {
  const before = withImages(applied(desired));
  const held = changed(before, ({ observed }) => {
    for (const network of observed.networks) network.digest = "old";
    observed.otherMembers = observed.networks.map(({ id }) => ({ networkId: id, container: "guest" }));
  });
  expect(awaitedOf(held)).toEqual([
    {
      kind: "member",
      networkId: held.observed.networks[0]?.id,
      network: "lab-core_default",
      container: "guest",
    },
  ]);
});
