import { describe, expect, test } from "vitest";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import { applied, changed, container, containerOf, simulated } from "./node-fixture.ts";
import { permitted, planOf, planText } from "./plan-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const services = (of: InstanceSketch["services"]) => node({ core: { services: of } });
const names = ({ observed }: SimulatedNode) => observed.containers.map(({ name }) => name);

/** A node with these services that is to have others. */
function between(before: InstanceSketch["services"], after: InstanceSketch["services"]): SimulatedNode {
  return { ...applied(services(before)), desired: services(after) };
}

describe("a service with a name of its own", () => {
  test("has a container of that name, also after it was made anew", () => {
    const state = applied(services({ web: { named: "front" } }));
    expect(names(state)).toEqual(["front"]);
    const next = { ...state, desired: services({ web: { named: "front", image: "web:2.0" } }) };
    expect(planText(next)).toContain("create-containers service:lab-core/web [recreate]");
    expect(planText(next)).not.toContain("rename");
    expect(names(simulated(next))).toEqual(["front"]);
    expect(planText(simulated(next))).toBe("nothing to do\n");
  });

  test.each([
    [{}, { named: "front" }, ["front"]],
    [{ named: "front" }, {}, ["lab-core-web-1"]],
    [{ named: "front" }, { named: "back" }, ["back"]],
  ])("goes from %j to %j by being made anew", (before, after, expected) => {
    const state = between({ web: before }, { web: after });
    expect(names(simulated(state))).toEqual(expected);
    expect(planText(simulated(state))).toBe("nothing to do\n");
  });

  test("gets its name back after an interrupted replacement, whichever of the two containers is left", () => {
    const state = applied(services({ web: { named: "front" } }));
    const one = changed(state, (copy) => {
      containerOf(copy, "lab-core/web").name = "0123456789ab_front";
    });
    expect(planText(one)).toMatchInlineSnapshot(`
      "#1 rename-container service:lab-core/web to front [live]: is still named 0123456789ab_front after an interrupted replacement
      "
    `);
    const two = changed(one, ({ observed }) => {
      const [left] = observed.containers;
      if (left === undefined) throw new Error("no container");
      observed.containers.push({ ...left, id: "old", name: "front", digest: "older" });
    });
    expect(planText(two)).toMatchInlineSnapshot(`
      "#1 remove-container service:lab-core/web (front) [recreate]: is left over from an interrupted replacement
      #2 rename-container service:lab-core/web to front [live] after #1: is still named 0123456789ab_front after an interrupted replacement
      "
    `);
    expect(names(simulated(two))).toEqual(["front"]);
  });

  test("gets its name back when somebody has renamed it, and is not restarted", () => {
    const state = changed(applied(services({ web: { named: "front" }, db: {} })), (copy) => {
      containerOf(copy, "lab-core/web").name = "mine";
      containerOf(copy, "lab-core/db").name = "yours";
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 rename-container service:lab-core/db to lab-core-db-1 [live]: was renamed to yours
      #2 rename-container service:lab-core/web to front [live]: was renamed to mine
      "
    `);
  });
});

describe("a name", () => {
  test("that two services exchange is nobody's in between, and nothing waits for the other", () => {
    const state = between({ a: { named: "x" }, b: { named: "y" } }, { a: { named: "y" }, b: { named: "x" } });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 rename-container service:lab-core/b to y fe819f0d40_y [live]: lab-core/a gets its name y
      #2 rename-container service:lab-core/a to x 030ecffe10_x [live]: lab-core/b gets its name x
      #3 create-containers services:lab-core/{a,b} [recreate] after #1 #2: a: container_name changed; b: container_name changed
      #4 start-service service:lab-core/a [live] after #3: its containers are new
      #5 await-service service:lab-core/a [live] after #4: until it runs
      #6 start-service service:lab-core/b [live] after #3: its containers are new
      #7 await-service service:lab-core/b [live] after #6: until it runs
      "
    `);
    expect(names(simulated(state))).toEqual(["y", "x"]);
    expect(planText(simulated(state))).toBe("nothing to do\n");
  });

  test("that goes to another instance is free before that is made", () => {
    const before = node({ a: { services: { web: { named: "x" } } }, b: { services: { web: {} } } });
    const after = node({ a: { services: { web: {} } }, b: { services: { web: { named: "x" } } } });
    const state = { ...applied(before), desired: after };
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 rename-container service:lab-a/web to x 7fc13339ab_x [live]: lab-b/web gets its name x
      #2 create-containers service:lab-a/web [recreate] after #1: web: container_name removed
      #3 start-service service:lab-a/web [live] after #2: its containers are new
      #4 await-service service:lab-a/web [live] after #3: until it runs
      #5 create-containers service:lab-b/web [recreate] after #1: web: container_name added
      #6 start-service service:lab-b/web [live] after #5: its containers are new
      #7 await-service service:lab-b/web [live] after #6: until it runs
      "
    `);
    expect(planText(simulated(state))).toBe("nothing to do\n");
  });

  test("of what is desired no more is free before it goes", () => {
    const state = { ...between({ a: { named: "x" } }, { b: { named: "x" } }), policy: permitted };
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 pull-image image:b:1.0 [live]: is not on the node
      #2 rename-container service:lab-core/a to x 030ecffe10_x [live] after #1: lab-core/b gets its name x
      #3 remove-container service:lab-core/a (x) [recreate] after #2: is no longer desired
      #4 create-containers service:lab-core/b [live] after #2: b: no container yet
      #5 start-service service:lab-core/b [live] after #4: its containers are new
      #6 await-service service:lab-core/b [live] after #5: until it runs
      "
    `);
  });

  test.each([
    ["a container of nobody", container("front")],
    ["one of another project", container("front", { project: "other", service: "web" })],
  ])("that %s has keeps the service as it is", (_what, stranger) => {
    const state = changed(between({ web: {} }, { web: { named: "front" } }), ({ observed }) => {
      observed.containers.push(stranger);
    });
    const plan = planOf(state);
    expect(plan.operations).toEqual([]);
    expect(plan.blocked).toMatchObject([
      {
        resource: "service:lab-core/web",
        code: "K3080",
        message: "lab-core/web is to have a container named front, and there is one not this node's",
      },
    ]);
  });

  test("that only a container of no interest has keeps the service as it is, too", () => {
    const state = changed(between({ web: {} }, { web: { named: "front" } }), ({ observed }) => {
      observed.otherNames = ["front"];
    });
    const { operations, blocked } = planOf(state);
    expect([operations, blocked.map(({ code }) => code)]).toEqual([[], ["K3080"]]);
  });

  test("that is to be given back and is taken is told", () => {
    const state = changed(applied(services({ web: { named: "front" } })), (copy) => {
      containerOf(copy, "lab-core/web").name = "mine";
      copy.observed.otherNames = ["front"];
    });
    const { operations, blocked } = planOf(state);
    expect([operations, blocked.map(({ code }) => code)]).toEqual([[], ["K3080"]]);
  });

  test("of what is blocked itself does not go to another", () => {
    const state = changed(
      between({ a: { named: "x" }, b: {} }, { a: { ports: [80] }, b: { named: "x" } }),
      ({ observed }) => {
        observed.heldPorts = [{ hostIp: "", port: 80, protocol: "tcp", container: null }];
      },
    );
    const { operations, blocked } = planOf(state);
    expect(operations).toEqual([]);
    expect(blocked.map(({ code, resource }) => `${code} ${resource}`)).toEqual([
      "K3004 service:lab-core/a",
      "K3080 service:lab-core/b",
    ]);
  });
});
