import { describe, expect, test } from "vitest";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import { applied, changed, container, containerOf, simulated } from "./node-fixture.ts";
import { permitted, planOf, planText } from "./plan-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const core: InstanceSketch = {
  services: { app: { dependsOn: ["cache"] }, cache: {}, nginx: { dependsOn: ["app"] } },
};
const storage: InstanceSketch = { services: { db: { volumes: ["data"] } }, volumes: { data: "local" } };
const mail: InstanceSketch = { services: { mail: {} } };
const platform = applied(node({ core, storage, mail }));

const takesAway = ["remove-container", "stop-container"];

/** What a plan takes away, by container, and the instances for which that is withheld. */
function verdict(state: Parameters<typeof planOf>[0]) {
  const { operations, blocked } = planOf(state);
  return {
    takenAway: operations.flatMap((each) =>
      "containerName" in each && takesAway.includes(each.kind) ? [each.containerName] : [],
    ),
    withheld: blocked.filter(({ code }) => code === "K3030").map(({ resource }) => resource),
  };
}

describe("mass removal", () => {
  test("is not done, and everything else is", () => {
    const desired = node({ mail: { services: { mail: { image: "mail:2.0" } } } });
    expect(planText({ ...platform, desired })).toMatchInlineSnapshot(`
      "#1 pull-image image:mail:2.0 [live]: is not on the node
      #2 create-containers service:lab-mail/mail [recreate] after #1: mail: image 1.0 → 2.0
      #3 start-service service:lab-mail/mail [live] after #2: its containers are new
      #4 await-service service:lab-mail/mail [live] after #3: until it runs
      ! instance:core [K3030] this revision would take away 4 of the 5 containers that this node runs, lab-core/app, lab-core/cache, lab-core/nginx among them
      ! instance:storage [K3030] this revision would take away 4 of the 5 containers that this node runs, lab-storage/db among them
      ? instance:core [K1438] instance core is held as it is: no revision desires it any more, and its removal is blocked (K3030)
      ? instance:storage [K1438] instance storage is held as it is: no revision desires it any more, and its removal is blocked (K3030)
      "
    `);
    expect(planOf({ ...platform, desired }).blocked[0]?.hint).toContain("policy.allowMassRemoval: true");
    expect(planOf({ ...platform, desired, policy: permitted }).blocked).toEqual([]);
  });

  test("leaves what it would take away in everybody's reach: what stops there is started again", () => {
    const scaled = (replicas: number) => node({ core: { services: { web: { replicas } } }, mail });
    const state = changed({ ...applied(scaled(6)), desired: scaled(1) }, (copy) => {
      for (const each of copy.observed.containers) Object.assign(each, { state: "exited", exitCode: 137 });
    });
    expect(verdict(state)).toEqual({ takenAway: [], withheld: ["instance:core"] });
    const starts = planOf(state).operations.filter(({ kind }) => kind === "start-service");
    expect(starts.map(({ resource }) => resource)).toEqual(["service:lab-core/web", "service:lab-mail/mail"]);
  });

  test("keeps ended one-shots: taken back, the revision must not run them again", () => {
    const withJob = applied(node({ core: { services: { job: { oneShot: true }, ...core.services } } }));
    expect(containerOf(withJob, "lab-core/job")).toMatchObject({ state: "exited", exitCode: 0 });
    for (const desired of [node({}), node({ core: { state: "staged", services: {} } })]) {
      expect(verdict({ ...withJob, desired })).toEqual({ takenAway: [], withheld: ["instance:core"] });
    }
  });

  test("does not make what takes the place of it, nor its networks and volumes", () => {
    const state = { ...platform, desired: node({ store: storage, inner: core, post: mail }) };
    expect(planOf(state).operations).toEqual([]);
    const news = planOf(state).blocked.filter(({ code }) => code === "K3023");
    expect(news.map(({ resource }) => resource)).toContain("service:lab-store/db");
  });

  describe("does not count what gets another name and keeps its volumes", () => {
    const back: InstanceSketch = {
      services: { api: {}, db: { volumes: ["data"] }, web: { replicas: 2 } },
      volumes: { data: "local" },
    };
    const rear: InstanceSketch = { ...back, was: "back" };
    const before = applied(node({ back }));

    test("and it is made under that name", () => {
      const renamed = { ...before, desired: node({ rear }) };
      expect(planOf(renamed).blocked).toEqual([]);
      expect(verdict(renamed).takenAway).toHaveLength(4);
      const after = simulated(renamed);
      expect(after.observed.containers.map(({ name }) => name).sort()).toEqual(
        ["api-1", "db-1", "web-1", "web-2"].map((name) => `lab-rear-${name}`),
      );
      expect(planText(after)).toBe("nothing to do\n");
    });

    test("also when that was interrupted with both of them there", () => {
      const renamed = { ...before, desired: node({ rear }) };
      const state = changed(renamed, (copy) => {
        copy.observed.containers.push(...structuredClone(simulated(renamed).observed.containers));
      });
      expect(state.observed.containers).toHaveLength(8);
      expect(verdict(state).withheld).toEqual([]);
    });

    test.each<[string, InstanceSketch]>([
      ["without the services that it had", { ...rear, services: { db: { volumes: ["data"] } } }],
      [
        "with fewer replicas",
        { ...rear, services: { ...back.services, api: { replicas: 0 }, web: { replicas: 0 } } },
      ],
      ["only installed", { ...rear, state: "installed" }],
    ])("but it counts %s", (_, sketch) => {
      expect(verdict({ ...before, desired: node({ rear: sketch }) })).toMatchObject({
        takenAway: [],
        withheld: [expect.stringMatching(/^instance:(back|rear)$/)],
      });
    });
  });

  test("makes again what is only missing", () => {
    const state = changed({ ...platform, desired: node({ core: { services: { app: {} } } }) }, (copy) => {
      const { id } = containerOf(copy, "lab-core/app");
      copy.observed.containers = copy.observed.containers.filter((each) => each.id !== id);
    });
    expect(planText(state)).toContain("create-containers service:lab-core/app");
    expect(verdict(state).withheld).not.toEqual([]);
  });

  test("does not make anew what it keeps: Compose would take away what is too much", () => {
    const scaled = (replicas: number, image: string) =>
      node({ core: { services: { web: { replicas, image } } } });
    const state = { ...applied(scaled(4, "web:1")), desired: scaled(1, "web:2") };
    expect(planText(state)).toMatchInlineSnapshot(`
      "! instance:core [K3030] this revision would take away 3 of the 4 containers that this node runs, lab-core/web among them
      "
    `);
  });
});

const six = { a: {}, b: {}, c: {}, d: {}, e: {}, f: {} };
const letters = (names: string) => Object.fromEntries(names.split("").map((name) => [name, {}]));

describe("what counts as taken away", () => {
  const web = applied(node({ web: { services: six } }));
  const variants: [string, SimulatedNode, Record<string, InstanceSketch>, string[]][] = [
    ["services: {}", web, { web: { services: {} } }, ["web"]],
    ["most of the services", web, { web: { services: letters("ab") } }, ["web"]],
    ["an instance that is staged only", web, { web: { state: "staged", services: six } }, ["web"]],
    ["an instance that is installed only", web, { web: { state: "installed", services: six } }, ["web"]],
    ["no instance at all", web, {}, ["web"]],
    ["the instance under another name", web, { other: { services: six } }, ["web"]],
    ["services under other names", web, { web: { services: letters("uvwxyz") } }, ["web"]],
    ["an emptier instance of that name", web, { web: { services: { z: {} } } }, ["web"]],
    [
      "services without containers",
      web,
      { web: { services: Object.fromEntries(Object.keys(six).map((name) => [name, { replicas: 0 }])) } },
      ["web"],
    ],
    [
      "most replicas of a service",
      applied(node({ web: { services: { a: { replicas: 6 } } }, mail })),
      { web: { services: { a: { replicas: 1 } } }, mail },
      ["web"],
    ],
    [
      "most services beside a large one",
      applied(node({ web: { services: { a: { replicas: 9 }, b: {}, c: {} } } })),
      { web: { services: { a: { replicas: 9 } } } },
      ["web"],
    ],
    [
      "most instances beside a large one",
      applied(node({ web: { services: six }, mail, storage })),
      { web: { services: six } },
      ["mail", "storage"],
    ],
    [
      "a bit of everything",
      applied(node({ web: { services: letters("abc") }, mail, storage })),
      { web: { services: letters("ab") }, mail: { ...mail, state: "staged" } },
      ["mail", "storage", "web"],
    ],
  ];
  test.each(variants)("%s", (_, before, sketches, instances) => {
    const withheld = instances.map((name) => `instance:${name}`);
    const state = { ...before, desired: node(sketches) };
    expect(verdict(state)).toEqual({ takenAway: [], withheld });
    // Nor later, when all else is done.
    expect(verdict(simulated(state))).toEqual({ takenAway: [], withheld });
    expect(verdict({ ...state, policy: permitted }).takenAway).not.toEqual([]);
  });

  test.each([0, 137, 255])("also when nothing runs yet after a boot, all ended with %i", (exitCode) => {
    const state = changed({ ...web, desired: node({}) }, ({ observed }) => {
      for (const each of observed.containers) Object.assign(each, { state: "exited", exitCode });
    });
    expect(verdict(state)).toEqual({ takenAway: [], withheld: ["instance:web"] });
  });

  test("by the record of an earlier version as far as that tells", () => {
    const state = changed({ ...web, desired: node({}) }, ({ observed, record }) => {
      delete record.applied?.oneShots;
      for (const each of observed.containers.slice(1)) Object.assign(each, { state: "exited", exitCode: 1 });
    });
    expect(verdict(state)).toEqual({ takenAway: [], withheld: ["instance:web"] });
  });

  test("only what is ours", () => {
    const state = changed({ ...platform, desired: node({ mail }) }, ({ observed }) => {
      for (let index = 0; index < 9; index++)
        observed.containers.push(container(`other-${index}`, { instance: `x${index}` }));
    });
    expect(verdict(state).withheld).toHaveLength(2);
  });
});

describe("what is not too much", () => {
  const web = applied(node({ web: { services: six }, mail, storage }));
  const variants: [string, SimulatedNode, Record<string, InstanceSketch>, number][] = [
    [
      "half of the services",
      applied(node({ web: { services: six } })),
      { web: { services: letters("abc") } },
      3,
    ],
    ["a single container", applied(node({ mail })), {}, 1],
    ["the only instance, of one service, under another name", applied(node({ mail })), { post: mail }, 1],
    ["one of three instances", web, { web: { services: six }, mail }, 1],
    [
      "everything made anew",
      web,
      {
        web: { services: Object.fromEntries(Object.keys(six).map((name) => [name, { image: "new:2" }])) },
        mail,
        storage,
      },
      0,
    ],
    ["more than before", web, { web: { services: { ...six, g: {} } }, mail, storage }, 0],
  ];
  test.each(variants)("%s", (_, before, sketches, count) => {
    const { takenAway, withheld } = verdict({ ...before, desired: node(sketches) });
    expect(withheld).toEqual([]);
    expect(takenAway).toHaveLength(count);
  });

  test("ended one-shots, and what was never started", () => {
    const jobs = { ...letters("ab"), j: { oneShot: true }, k: { oneShot: true }, l: { oneShot: true } };
    const state = changed(applied(node({ web: { services: { ...jobs, c: {} } } })), (copy) => {
      Object.assign(containerOf(copy, "lab-web/c"), { state: "created", exitCode: 0 });
    });
    const { takenAway, withheld } = verdict({
      ...state,
      desired: node({ web: { services: letters("ab") } }),
    });
    expect(withheld).toEqual([]);
    expect(takenAway).toHaveLength(4);
  });

  test("two containers for one place, which an interrupted replacement left", () => {
    const state = changed(applied(node({ web: { services: letters("ab") } })), ({ observed }) => {
      for (const each of observed.containers.slice())
        observed.containers.push({ ...each, id: `new ${each.id}`, name: `0123456789ab_${each.name}` });
    });
    const { takenAway, withheld } = verdict(state);
    expect(withheld).toEqual([]);
    expect(takenAway).toHaveLength(2);
  });
});
