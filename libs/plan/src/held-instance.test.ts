import type { DesiredNode, HeldInstance } from "@keelson/model";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import { formatPlan } from "./format-plan.ts";
import { describeFollowed } from "./instance-order.ts";
import { applied, changed } from "./node-fixture.ts";
import { permitted, planOf, planText } from "./plan-fixture.ts";
import { rememberFolders } from "./known-folder.ts";
import { rememberVolumes } from "./known-volume.ts";
import { buildRecord } from "./remembered.ts";
import { simulate } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { anyNode } from "./test-arbitrary.ts";
import { instanceNames } from "./test-desired.ts";

function heldAs(name: string, more: Partial<HeldInstance> = {}): HeldInstance {
  return { name, project: `lab-${name}`, isElsewhere: false, requires: null, ...more };
}

/** What is desired where the commit has problems with these instances. */
function holding(desired: DesiredNode, ...held: HeldInstance[]): DesiredNode {
  const names = new Set(held.map(({ name }) => name));
  const instances = desired.instances
    .filter(({ name }) => !names.has(name))
    .map((instance) => ({ ...instance, after: instance.after.filter((name) => !names.has(name)) }));
  return { ...desired, instances, held };
}

const web: InstanceSketch = { services: { app: { volumes: ["data"] } }, volumes: { data: "x" } };
const before = { one: web, two: web };
const upgraded = { one: web, two: { ...web, services: { app: { image: "app:2.0", volumes: ["data"] } } } };
const blockedOf = (state: SimulatedNode) =>
  planOf(state).blocked.map(({ code, resource, message, outcome }) => ({ code, resource, message, outcome }));

test("an instance whose problems may pass by themselves waits for nobody", () => {
  const held = heldAs("one", { mayPass: true });
  const state = { ...applied(node(before)), desired: holding(node(before), held) };
  expect(blockedOf(state)).toEqual([
    {
      code: "K3051",
      resource: "instance:one",
      message: "instance one is held as it is: what it is to be could not be found out, and is tried again",
      outcome: undefined,
    },
  ]);
});

describe("an instance that the commit has problems with", () => {
  const state = { ...applied(node(before)), desired: holding(node(upgraded), heldAs("one")) };

  test("stays as it is, and the others are applied", () => {
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 pull-image image:app:2.0 [live]: is not on the node
      #2 create-containers service:lab-two/app [recreate] after #1: app: image 1.0 → 2.0
      #3 start-service service:lab-two/app [live] after #2: its containers are new
      #4 await-service service:lab-two/app [live] after #3: until it runs
      ! instance:one [K3051] instance one is held as it is: this commit has problems with it
      "
    `);
    expect(blockedOf(state)).toMatchInlineSnapshot(`
      [
        {
          "code": "K3051",
          "message": "instance one is held as it is: this commit has problems with it",
          "outcome": "stalled",
          "resource": "instance:one",
        },
      ]
    `);
  });

  test("is told, and what requires it waits for it", () => {
    const desired = holding(node(before), heldAs("one"), heldAs("two", { requires: "one" }));
    expect(planOf({ ...applied(node(before)), desired }).operations).toEqual([]);
    expect(blockedOf({ ...applied(node(before)), desired })).toMatchInlineSnapshot(`
      [
        {
          "code": "K3051",
          "message": "instance one is held as it is: this commit has problems with it",
          "outcome": "stalled",
          "resource": "instance:one",
        },
        {
          "code": "K3050",
          "message": "instance two is held as it is: it requires one, which is held",
          "outcome": undefined,
          "resource": "instance:two",
        },
      ]
    `);
  });

  test("is started again as it is when it stops, and its containers that are gone are told", () => {
    const stopped = changed(state, ({ observed }) => {
      for (const each of observed.containers) if (each.instance === "one") each.state = "exited";
    });
    expect(planText({ ...stopped, desired: holding(node(before), heldAs("one")) })).toMatchInlineSnapshot(`
      "#1 start-service service:lab-one/app [live]: is not running (exit code 0)
      ! instance:one [K3051] instance one is held as it is: this commit has problems with it
      "
    `);
    const gone = changed(state, ({ observed }) => {
      observed.containers = observed.containers.filter(({ instance }) => instance !== "one");
    });
    expect(blockedOf(gone).filter(({ code }) => code === "K3052")).toMatchInlineSnapshot(`
      [
        {
          "code": "K3052",
          "message": "lab-one/app is held, and its container is gone",
          "outcome": "stalled",
          "resource": "service:lab-one/app",
        },
      ]
    `);
  });

  test("keeps its networks and the memory of what it was made of, also without containers", () => {
    const gone = changed(state, ({ observed }) => {
      observed.containers = observed.containers.filter(({ instance }) => instance !== "one");
    });
    expect(planText(gone)).not.toContain("remove-network");
    expect(buildRecord(gone).serviceParts["lab-one/app"]).toEqual(state.record.serviceParts["lab-one/app"]);
  });

  test("keeps the environment's networks, which it may join", () => {
    const joining = { ...web, services: { app: { networks: ["proxy_net"] } } };
    const shared = applied(node({ one: web, two: joining }, { proxy_net: {} }));
    const desired = { ...holding(node({ one: web, two: joining }), heldAs("two")), networks: [] };
    const gone = changed({ ...shared, desired }, ({ observed }) => {
      observed.containers = observed.containers.filter(({ instance }) => instance !== "two");
    });
    expect(gone.observed.networks.map(({ name }) => name)).toContain("proxy_net");
    expect(planText(gone)).not.toContain("remove-network");
  });

  test("keeps its data folders, and is remembered as who has them", () => {
    const folders = [{ source: "data", services: ["app"] }];
    const state = applied(node({ one: { services: { app: {} }, folders }, two: web }));
    const held = {
      ...state,
      desired: holding(node({ one: { services: { app: {} }, folders }, two: web }), heldAs("one")),
    };
    expect(Object.values(state.record.folders ?? {})).toMatchObject([{ instance: "one", state: "used" }]);
    expect(planOf(held)).toMatchObject({ operations: [], notices: [] });
    expect(rememberFolders(held)).toEqual(state.record.folders);
  });

  test("is not counted as taken away", () => {
    const many = node({ one: web, two: web, three: web, four: web });
    const desired = holding(many, ...["one", "two", "three"].map((name) => heldAs(name)));
    expect(blockedOf({ ...applied(many), desired }).map(({ code }) => code)).toEqual([
      "K3051",
      "K3051",
      "K3051",
    ]);
  });

  test("on another node is nothing here, unless it still is here", () => {
    const elsewhere = heldAs("one", { isElsewhere: true });
    const here = { ...applied(node(before)), desired: holding(node(before), elsewhere) };
    expect(planOf(here).operations).toEqual([]);
    expect(blockedOf(here).map(({ code }) => code)).toEqual(["K3051"]);
    const never = { ...applied(node({ two: web })), desired: holding(node(before), elsewhere) };
    expect(planOf(never)).toMatchObject({ operations: [], blocked: [] });
  });

  test("keeps what it has under the name that it had", () => {
    const desired = holding(node({ two: web }), heldAs("new", { was: "one" }));
    expect(planOf({ ...applied(node(before)), desired }).operations).toEqual([]);
  });

  test("of which nothing is known may be one that is desired no more: that stays, too", () => {
    const desired = holding(node({ two: web }), heldAs("new"));
    const renamed = { ...applied(node(before)), desired };
    expect(planOf(renamed).operations).toEqual([]);
    expect(blockedOf(renamed)).toMatchInlineSnapshot(`
      [
        {
          "code": "K3051",
          "message": "instance new is held as it is: this commit has problems with it",
          "outcome": "stalled",
          "resource": "instance:new",
        },
        {
          "code": "K3050",
          "message": "instance one is held as it is: new, which is held, may be the same under another name",
          "outcome": undefined,
          "resource": "instance:one",
        },
      ]
    `);
    expect(planOf(renamed).notices.map(({ message }) => message)).toMatchInlineSnapshot(`
      [
        "instance one is held as it is: no revision desires it any more, and its removal is blocked (K3050)",
      ]
    `);
  });

  test("keeps what it required, though nothing desires that any more", () => {
    const both = { one: { ...web, after: ["two"] }, two: web };
    const needed = { ...applied(node(both)), desired: holding(node({ one: web }), heldAs("one")) };
    expect(planOf(needed).operations).toEqual([]);
    expect(blockedOf(needed).map(({ code, message }) => `${code} ${message}`)).toMatchInlineSnapshot(`
      [
        "K3051 instance one is held as it is: this commit has problems with it",
        "K3050 instance two is held as it is: one, which is held, requires it",
      ]
    `);
  });

  test("goes on using its volumes, and no other one takes them for left behind", () => {
    const gone = changed(state, ({ observed }) => {
      observed.containers = observed.containers.filter(({ instance }) => instance !== "one");
    });
    expect(rememberVolumes(gone)["lab-one_data"]).toEqual(state.record.volumes["lab-one_data"]);
    // Of the same package, with a new volume under the same key.
    const sibling = { ...web, package: "one" };
    const desired = holding(node({ ...before, three: sibling }), heldAs("one"));
    expect(blockedOf({ ...applied(node(before)), desired }).map(({ code }) => code)).toEqual(["K3051"]);
    const lost = changed(state, ({ observed }) => {
      observed.volumes = observed.volumes.filter(({ name }) => name !== "lab-one_data");
    });
    expect(rememberVolumes(lost)["lab-one_data"]).toMatchObject({ state: "lost", users: ["one/app"] });
  });

  test("is remembered as it was applied last, beside what is applied of the others", () => {
    const last = state.record.applied;
    if (last === null) throw new Error("nothing is applied");
    const job = { ...upgraded, two: { services: { task: { job: true }, app: { dependsOn: ["task"] } } } };
    expect(describeFollowed(holding(node(job), heldAs("one")), last)).toMatchInlineSnapshot(`
      {
        "dependsOn": {
          "lab-two/app": [
            "task",
          ],
        },
        "grants": {},
        "installed": [],
        "instanceOrder": [
          "two",
          "one",
        ],
        "oneShots": [
          "lab-two/task",
        ],
        "requires": {},
        "services": {
          "one": [
            "lab-one/app",
          ],
          "two": [
            "lab-two/app",
            "lab-two/task",
          ],
        },
      }
    `);
  });
});

describe("whatever is held", () => {
  const anyHeld = fc.subarray(instanceNames, { minLength: 1 });
  const doAll = (state: SimulatedNode, allowMassRemoval: boolean): SimulatedNode => ({
    ...state,
    ...simulate(state, planOf({ ...state, policy: { allowMassRemoval } }).operations),
  });
  const held = (state: SimulatedNode, names: readonly string[]): SimulatedNode => ({
    ...state,
    desired: holding(state.desired, ...names.map((name) => heldAs(name))),
  });

  test("nothing of it is made, changed or removed, and the rest comes to its end", () => {
    const anyState = fc.oneof(
      anyNode({ strangers: false }),
      anyNode({ strangers: true }),
      anyNode({ strangers: true, renew: 0 }),
    );
    fc.assert(
      fc.property(anyState, anyHeld, fc.boolean(), (state, names, allowMassRemoval) => {
        const before = held(state, names);
        // What was withheld from one round can need another.
        const after = [1, 2, 3].reduce((state) => doAll(state, allowMassRemoval), before);
        const isHeld = ({ project }: { project: string }) => names.includes(project.slice("lab-".length));
        const thingsOf = ({ observed }: SimulatedNode) => ({
          containers: observed.containers
            .filter(({ instance }) => names.includes(instance))
            .map(({ id, name, digest, networks }) => ({ id, name, digest, networks })),
          networks: observed.networks.filter(isHeld),
          volumes: observed.volumes.filter(isHeld),
          files: observed.storedInstances.filter(({ instance }) => names.includes(instance)),
        });
        expect(thingsOf(after)).toEqual(thingsOf(before));
        if (!allowMassRemoval) return;
        const rest = planOf({ ...after, policy: permitted });
        expect(formatPlan({ ...rest, blocked: [], notices: [] })).toBe("nothing to do\n");
      }),
    );
  });

  test("it is applied like any other when its problems are mended", () => {
    fc.assert(
      fc.property(anyNode({ strangers: false }), anyHeld, (state, names) => {
        // What a person has put into a data folder is theirs, held or not.
        fc.pre(planOf({ ...state, policy: permitted }).blocked.every(({ code }) => code !== "K3070"));
        const mended = doAll({ ...doAll(held(state, names), true), desired: state.desired }, true);
        const plan = planOf({ ...mended, policy: { allowMassRemoval: true } });
        expect({ blocked: plan.blocked, operations: plan.operations }).toEqual({
          blocked: [],
          operations: [],
        });
      }),
    );
  });
});
