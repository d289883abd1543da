import { describe, expect, test } from "vitest";

import { type InstanceSketch, applied, changed, container, containerOf, node, planOf, planText } from "./fixture.ts";
import { emptyObserved, type SimulatedNode } from "./simulate.ts";
import { emptyRecord } from "@keelson/model";

const storage: InstanceSketch = {
  services: { db: { volumes: ["data"] }, cache: {} },
  volumes: { data: "local" },
};
const core: InstanceSketch = {
  after: ["storage"],
  services: {
    app: { dependsOn: ["worker"] },
    worker: {},
    nginx: { dependsOn: ["app"], ports: [80] },
    metrics: {},
  },
};
const mail: InstanceSketch = { services: { mail: {} } };
const platform = node({ core, storage, mail });
const empty = { desired: platform, observed: emptyObserved, record: emptyRecord };

function heldBy(holder: string | null, before: SimulatedNode): SimulatedNode {
  return changed(before, ({ observed }) => {
    observed.heldPorts = [{ hostIp: "", port: 80, protocol: "tcp", container: holder }];
  });
}

describe("a blocked service", () => {
  test("blocks only what depends on it", () => {
    const state = changed(empty, ({ observed }) => {
      observed.containers = [container("rival", { project: "lab-core", service: "worker" })];
    });
    expect(planText(state)).toMatchInlineSnapshot();
  });

  test("blocks what depends on it in other instances", () => {
    const state = changed(empty, ({ observed }) => {
      observed.containers = [container("rival", { project: "lab-storage", service: "db" })];
    });
    const plan = planOf(state);
    expect(plan.blocked.map(({ resource, code }) => `${resource} ${code}`)).toMatchInlineSnapshot();
    expect(plan.operations.map(({ resource }) => resource)).not.toContain("service:lab-core/app");
  });

  test("that runs as before does not keep others from being started again", () => {
    const desired = node({ core, storage: { ...storage, volumes: { data: "nfs" }, services: { ...storage.services, db: { volumes: ["data"], image: "db:2.0" } } }, mail });
    const state = changed({ ...applied(platform), desired }, (copy) => {
      containerOf(copy, "lab-core/metrics").state = "exited";
    });
    expect(planText(state)).toMatchInlineSnapshot();
  });

  test("has no files placed, no signal sent, and nothing noted as loaded", () => {
    const withFile = (content: string, image: string) =>
      node({
        core: {
          services: { web: { image } },
          mounts: [{ services: ["web"], files: [{ to: "conf/a", onChange: "signal:HUP", content }] }],
        },
      });
    const state = changed({ ...applied(withFile("old", "web:1.0")), desired: withFile("new", "web:1.1") }, ({ observed }) => {
      observed.containers.push(container("rival", { project: "lab-core", service: "web" }));
    });
    expect(planOf(state).operations).toEqual([]);
  });

  test("is stopped all the same when its instance is to be installed only", () => {
    const installed = (image: string) => node({ core: { state: "installed", services: { web: { image } } } });
    const running = applied(node({ core: { services: { web: {} } } }));
    const state = changed({ ...running, desired: installed("web:2.0") }, ({ observed }) => {
      observed.containers.push(container("rival", { project: "lab-core", service: "web" }));
    });
    expect(planText(state)).toMatchInlineSnapshot();
  });

  test("keeps the one whose namespace it shares from being replaced without it", () => {
    const shared = (image: string) =>
      node({ core: { services: { net: { image }, tunnel: { sharesWith: ["net"], dependsOn: ["net!"] } } } });
    const state = changed({ ...applied(shared("net:1")), desired: shared("net:2") }, ({ observed }) => {
      observed.containers.push(container("rival", { project: "lab-core", service: "tunnel" }));
    });
    expect(planText(state)).toMatchInlineSnapshot();
  });
});

describe("networks and volumes of our names", () => {
  test("a network that is not ours", () => {
    const state = changed(empty, ({ observed }) => {
      observed.networks = [{ id: "n", name: "lab-core_default", ownership: "foreign", project: "", digest: "" }];
    });
    expect(planText(state)).toMatchInlineSnapshot();
  });

  test("a second network of that name, which engine 20.10 permits", () => {
    const state = changed({ ...applied(platform), desired: node({ core, storage, mail: { services: { mail: { image: "mail:2" } } } }) }, ({ observed }) => {
      observed.networks.unshift({ id: "n", name: "lab-mail_default", ownership: "foreign", project: "", digest: "" });
    });
    expect(planText(state)).toMatchInlineSnapshot();
  });

  test("a volume that is not ours", () => {
    const state = changed(empty, ({ observed }) => {
      observed.volumes = [
        { name: "lab-storage_data", ownership: "foreign", project: "", digest: "", format: null, generation: 1 },
      ];
    });
    const plan = planOf(state);
    expect(plan.blocked[0]).toMatchInlineSnapshot();
    expect(plan.operations.filter(({ kind }) => kind === "create-volume")).toEqual([]);
  });

  test("a volume whose definition changed is said, also when nothing else changes, and stays as it is", () => {
    const desired = node({ core, storage: { ...storage, volumes: { data: "nfs" } }, mail });
    expect(planText({ ...applied(platform), desired })).toMatchInlineSnapshot();
  });

  test("do not matter to an instance that is staged only", () => {
    const state = changed({ ...empty, desired: node({ mail: { ...mail, state: "staged" } }) }, ({ observed }) => {
      observed.networks = [{ id: "n", name: "lab-mail_default", ownership: "foreign", project: "", digest: "" }];
    });
    expect(planOf(state).blocked).toEqual([]);
  });
});

describe("a port", () => {
  const running = applied(platform);

  test("that another program holds", () => {
    expect(planText(heldBy(null, { ...applied(node({ core: { services: {} } })), desired: node({ core: { services: { nginx: { ports: [80] } } } }) }))).toMatchInlineSnapshot();
  });

  test("that a foreign container holds", () => {
    const state = heldBy("squatter", changed({ ...running, desired: platform }, (copy) => {
      containerOf(copy, "lab-core/nginx").state = "exited";
      copy.observed.containers.push(container("squatter"));
    }));
    expect(planText(state)).toMatchInlineSnapshot();
  });

  test("that is held matters to nobody who need not be started", () => {
    expect(planText(heldBy("squatter", running))).toBe("nothing to do\n");
    const desired = node({ core: { ...core, state: "installed", services: { nginx: { ports: [80], image: "nginx:2" } } }, storage, mail });
    expect(planOf(heldBy("squatter", { ...running, desired })).blocked).toEqual([]);
  });

  test("that a container holds which this plan removes", () => {
    const desired = node({ web: { services: { web: { ports: [80] } } }, storage, mail });
    expect(planText(heldBy("lab-core-nginx-1", { ...running, desired }))).toMatchInlineSnapshot();
  });

  test("that moves from one service to another of the same instance", () => {
    const desired = node({ core: { ...core, services: { ...core.services, nginx: { dependsOn: ["app"], ports: [81] }, metrics: { ports: [80] } } }, storage, mail });
    expect(planText(heldBy("lab-core-nginx-1", { ...running, desired }))).toMatchInlineSnapshot();
  });

  test("that moves to an instance which is started earlier", () => {
    const desired = node({ core: { ...core, services: { ...core.services, nginx: { dependsOn: ["app"] } } }, storage, mail: { services: { mail: { ports: [80] } } } });
    expect(planText(heldBy("lab-core-nginx-1", { ...running, desired }))).toMatchInlineSnapshot();
  });

  test("that moves from a service to one which that service needs", () => {
    const desired = node({
      core: { services: { front: { ports: [80] }, nginx: { dependsOn: ["front"] } } },
    });
    const before = applied(node({ core: { services: { nginx: { ports: [80] } } } }));
    expect(planText(heldBy("lab-core-nginx-1", { ...before, desired }))).toMatchInlineSnapshot();
  });

  test("that its own container holds is no obstacle", () => {
    const desired = node({ core: { ...core, services: { ...core.services, nginx: { ...core.services["nginx"], image: "nginx:2" } } }, storage, mail });
    expect(planOf(heldBy("lab-core-nginx-1", { ...running, desired })).blocked).toEqual([]);
  });

  test("that a container keeps which is itself blocked", () => {
    const desired = node({ core: { ...core, services: { ...core.services, nginx: { dependsOn: ["app"], ports: [81] }, metrics: { ports: [80] } } }, storage, mail });
    const state = changed(heldBy("lab-core-nginx-1", { ...running, desired }), ({ observed }) => {
      observed.containers.push(container("rival", { project: "lab-core", service: "nginx" }));
    });
    expect(planText(state)).toMatchInlineSnapshot();
  });
});
