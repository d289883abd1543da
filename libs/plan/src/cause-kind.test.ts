import type { Cause, Operation } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { applied, changed, containerOf } from "./node-fixture.ts";
import { planOf } from "./plan-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const sketch = {
  core: {
    services: { app: { sharesWith: ["vpn"] }, vpn: {}, web: { healthcheck: true } },
    mounts: [{ services: ["web"], files: [{ to: "conf/web.yml", onChange: "signal:HUP" as const }] }],
  },
};
const before = applied(node(sketch));

function kindsOf(state: SimulatedNode, kind: Operation["kind"]): Cause["kind"][] {
  const { operations } = planOf({ ...state, policy: { allowMassRemoval: true } });
  return operations
    .filter((operation) => operation.kind === kind)
    .flatMap(({ causes }) => causes.map((c) => c.kind));
}

function happened(change: (state: SimulatedNode) => void): SimulatedNode {
  return changed(before, change);
}

const web = (state: SimulatedNode) => containerOf(state, "lab-core/web");

describe("a cause is", () => {
  test.each<[string, SimulatedNode, Operation["kind"], Cause["kind"]]>([
    [
      "desired, where a commit asks for another image",
      {
        ...before,
        desired: node({
          core: { ...sketch.core, services: { ...sketch.core.services, web: { image: "web:2" } } },
        }),
      },
      "create-containers",
      "desired",
    ],
    [
      "desired, where nothing was ever there",
      { ...applied(node({})), desired: node(sketch) },
      "create-containers",
      "desired",
    ],
    [
      "desired, where nobody wants it any more",
      { ...before, desired: node({}) },
      "remove-container",
      "desired",
    ],
    [
      "lost, where a container is gone",
      happened((state) => {
        state.observed.containers = state.observed.containers.filter((each) => each !== web(state));
      }),
      "create-containers",
      "lost",
    ],
    [
      "lost, where a network is gone that this node made",
      happened((state) => {
        state.record.networks = { "lab-core_default": "1" };
        state.observed.networks = [];
      }),
      "create-network",
      "lost",
    ],
    [
      "lost, where a file is gone",
      happened(({ observed }) => {
        for (const stored of observed.storedInstances) stored.files = {};
      }),
      "place-files",
      "lost",
    ],
    [
      "drift, where a file was changed by hand",
      happened(({ observed }) => {
        for (const file of Object.values(observed.storedInstances[0]?.files ?? {}))
          file.contentDigest = "other";
      }),
      "signal-container",
      "drift",
    ],
    [
      "drift, where a container ended",
      happened((state) => Object.assign(web(state), { state: "exited", exitCode: 137 })),
      "start-service",
      "drift",
    ],
    [
      "interrupted, where a killed round made a container and did not start it",
      happened((state) => {
        Object.assign(web(state), { state: "created" });
        state.record.openServices = ["lab-core/web"];
      }),
      "start-service",
      "interrupted",
    ],
    [
      "desired, where a container was made and could not be started yet",
      happened((state) => Object.assign(web(state), { state: "created" })),
      "start-service",
      "desired",
    ],
    [
      "interrupted, where a killed Compose left another name",
      happened((state) => Object.assign(web(state), { name: "0123456789ab_lab-core-web-1" })),
      "rename-container",
      "interrupted",
    ],
    [
      "following, where a start waits until it is over",
      happened((state) => Object.assign(web(state), { state: "exited" })),
      "await-service",
      "follows",
    ],
    [
      "following, where the container it lives in is started again",
      happened((state) => Object.assign(containerOf(state, "lab-core/vpn"), { state: "exited" })),
      "restart-container",
      "follows",
    ],
    [
      "drift, where the container it lives in was restarted by somebody",
      happened((state) =>
        Object.assign(containerOf(state, "lab-core/vpn"), { startedAt: "2030-01-01T00:00:00Z" }),
      ),
      "restart-container",
      "drift",
    ],
  ])("%s", (_case, state, kind, cause) => {
    expect([...new Set(kindsOf(state, kind))]).toEqual([cause]);
  });

  test("told of its service, where one call makes containers of several", () => {
    const { operations } = planOf({ ...applied(node({})), desired: node(sketch) });
    const [creation] = operations.filter(({ kind }) => kind === "create-containers");
    expect(creation?.causes).toEqual(
      ["app", "vpn", "web"].map((service) => ({ kind: "desired", service, text: "no container yet" })),
    );
  });
});
