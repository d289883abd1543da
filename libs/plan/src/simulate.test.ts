import { emptyRecord } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { applied, changed, containerOf, simulated } from "./node-fixture.ts";
import { planOf, planText } from "./plan-fixture.ts";
import { emptyObserved, simulate } from "./simulate.ts";

const platform = (image: string, replicas = 1) =>
  node({
    core: {
      services: { web: { image, replicas, healthcheck: true, ports: [80] }, job: { oneShot: true } },
      mounts: [{ services: ["web"], files: [{ to: "conf/web.yml", onChange: "restart" }] }],
      volumes: { data: "local" },
    },
  });

describe("simulate", () => {
  test("brings an empty node to what is desired, and remembers it", () => {
    const desired = platform("web:1");
    const { observed, record } = applied(desired);
    expect(observed.containers.map(({ name, state, health }) => `${name} ${state} ${health}`)).toEqual([
      "lab-core-job-1 exited none",
      "lab-core-web-1 running healthy",
    ]);
    expect(observed.networks.map(({ name }) => name)).toEqual(["lab-core_default"]);
    expect(Object.keys(observed.images)).toEqual(["job:1.0", "web:1"]);
    expect(observed.storedInstances[0]?.applied).toEqual({
      web: { "conf/web.yml": desired.instances[0]?.mounts[0]?.files[0]?.digest },
    });
    expect(Object.values(record.containers)).toEqual([
      { project: "lab-core", service: "job" },
      { project: "lab-core", service: "web" },
    ]);
    expect(Object.keys(record.serviceParts)).toEqual(["lab-core/job", "lab-core/web"]);
  });

  test("stops where it is told to: what is started is not healthy, what is made does not run", () => {
    const empty = { desired: platform("web:1"), observed: emptyObserved, record: emptyRecord };
    const { operations } = planOf(empty);
    const until = (kind: string) =>
      operations.slice(
        0,
        operations.findIndex((each) => each.kind === kind),
      );
    const states = (kind: string) =>
      simulate(empty, until(kind)).observed.containers.map(({ state, health }) => `${state} ${health}`);
    expect(states("create-containers")).toEqual([]);
    expect(states("start-service")).toEqual(["created none", "created none"]);
    expect(states("record-files")).toContain("running healthy");
  });

  test("gives a container that is made anew another id, and leaves the others theirs", () => {
    const before = applied(platform("web:1"));
    const after = simulated({ ...before, desired: platform("web:2") });
    expect(containerOf(after, "lab-core/web").id).not.toBe(containerOf(before, "lab-core/web").id);
    expect(containerOf(after, "lab-core/job")).toEqual(containerOf(before, "lab-core/job"));
    const back = simulated({ ...after, desired: platform("web:1") });
    expect(containerOf(back, "lab-core/web").digest).toBe(containerOf(before, "lab-core/web").digest);
  });

  test("numbers containers as Compose does", () => {
    const names = (replicas: number, from: ReturnType<typeof applied>) =>
      simulated({ ...from, desired: platform("web:1", replicas) })
        .observed.containers.filter(({ service }) => service === "web")
        .map(({ name }) => name);
    const three = applied(platform("web:1", 3));
    expect(names(2, three)).toEqual(["lab-core-web-1", "lab-core-web-2"]);
    const gap = changed(three, ({ observed }) => {
      observed.containers = observed.containers.filter(({ name }) => name !== "lab-core-web-2");
    });
    expect(names(3, gap)).toEqual(["lab-core-web-1", "lab-core-web-3", "lab-core-web-4"]);
  });

  test("lets go of a port with the container that held it", () => {
    const desired = node({ other: { services: { web: { ports: [80] } } } });
    const state = changed({ ...applied(platform("web:1")), desired }, ({ observed }) => {
      observed.heldPorts = [{ hostIp: "", port: 80, protocol: "tcp", container: "lab-core-web-1" }];
    });
    expect(simulated(state).observed.heldPorts).toEqual([]);
    expect(planText(simulated(state))).toBe("nothing to do\n");
  });

  test("leaves its input as it is", () => {
    const before = applied(platform("web:1"));
    const copy = structuredClone(before);
    simulated({ ...before, desired: platform("web:2", 2) });
    expect(before).toEqual(copy);
  });
});
