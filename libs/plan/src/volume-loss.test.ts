import { describe, expect, test } from "vitest";
import { emptyRecord, required } from "@keelson/model";
import * as fc from "fast-check";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import { applied, changed, container, containerOf, simulated } from "./node-fixture.ts";
import { permitted, planOf, planText } from "./plan-fixture.ts";
import { findRestless } from "./restless.ts";
import { emptyObserved, simulate } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { anyNode } from "./test-arbitrary.ts";
import { findImpossible } from "./test-engine.ts";

const wiki: InstanceSketch = {
  package: "wiki",
  services: { db: { volumes: ["data"] }, web: { dependsOn: ["db"] } },
  volumes: { data: "x" },
};

/** The node with another desired state. */
function wanting(before: SimulatedNode, instances: Record<string, InstanceSketch>): SimulatedNode {
  return { ...before, desired: node(instances) };
}

function withoutVolume(before: SimulatedNode, { and = [] }: { and?: string[] } = {}): SimulatedNode {
  return changed(before, ({ observed }) => {
    observed.volumes = [];
    observed.containers = observed.containers.filter(({ service }) => !and.includes(service));
  });
}

/** After all of its plan, as a node that may lose most of what it runs. */
function done(state: SimulatedNode): SimulatedNode {
  return { ...state, ...simulate(state, planOf({ ...state, policy: permitted }).operations) };
}

const codes = (state: SimulatedNode) =>
  planOf({ ...state, policy: permitted }).blocked.map(({ code, resource }) => `${code} ${resource}`);

const atData = (user: string) => ({
  [user]: [{ path: "/data", subpath: "", readOnly: false, covered: [] }],
});

describe("a volume that is lost", () => {
  test("is not made anew, and what needs it waits", () => {
    const lost = withoutVolume(applied(node({ old: wiki })), { and: ["db"] });
    expect(planText(lost)).toMatchInlineSnapshot(`
      "! service:lab-old/db [K3023] lab-old/db waits for volume lab-old_data, which is blocked
      ! volume:lab-old_data [K3032] volume lab-old_data is gone, and this node knows that it had data; no empty one is made in its place
      "
    `);
    expect(planOf(lost).blocked.find(({ code }) => code === "K3032")?.hint).toContain(
      "keelson renew old --environment lab --node lab-1",
    );
    expect(codes(simulated(simulated(lost)))).toEqual(codes(lost));
  });

  test("is not made anew by the start of a container that had it", () => {
    const lost = changed(withoutVolume(applied(node({ old: wiki }))), ({ observed }) => {
      for (const each of observed.containers) if (each.service === "db") each.state = "exited";
    });
    expect(planOf(lost).operations).toEqual([]);
    expect(codes(lost)).toEqual(["K3023 service:lab-old/db", "K3032 volume:lab-old_data"]);
  });

  test("is made anew when the counter was moved, and once", () => {
    const lost = withoutVolume(applied(node({ old: wiki })), { and: ["db"] });
    const renewed = wanting(lost, { old: { ...wiki, renew: 1 } });
    expect(planText(renewed)).toMatchInlineSnapshot(`
      "#1 create-volume volume:lab-old_data [live]: is made anew, empty, as commands.old.renew says
      #2 create-containers service:lab-old/db [live] after #1: db: no container yet
      #3 start-service service:lab-old/db [live] after #2: its containers are new
      #4 await-service service:lab-old/db [live] after #3: until it runs
      "
    `);
    const after = done(renewed);
    expect(after.record.renewed).toEqual({ old: 1 });
    expect(codes(withoutVolume(after, { and: ["db"] }))).toContain("K3032 volume:lab-old_data");
    const again = wanting(withoutVolume(after, { and: ["db"] }), { old: { ...wiki, renew: 2 } });
    expect(codes(again)).toEqual([]);
  });

  test("stays permitted until it is made", () => {
    const renewed = wanting(withoutVolume(applied(node({ old: wiki }))), { old: { ...wiki, renew: 1 } });
    const broken = { ...renewed, ...simulate(renewed, []) };
    expect(broken.record.renewed).toEqual({});
    expect(codes(broken)).toEqual([]);
  });

  test("says something again after the counter was set back", () => {
    const after = done(wanting(applied(node({ old: wiki })), { old: { ...wiki, renew: 2 } }));
    expect(after.record.renewed).toEqual({ old: 2 });
    const lost = withoutVolume(after, { and: ["db"] });
    const back = simulated(wanting(lost, { old: { ...wiki, renew: 1 } }));
    expect(codes(back)).toContain("K3032 volume:lab-old_data");
    expect(codes(wanting(back, { old: { ...wiki, renew: 2 } }))).toEqual([]);
  });

  test("does not come back by a counter that a lost record has no evidence of", () => {
    const { volumes } = applied(node({ old: wiki })).record;
    const desired = node({ old: { ...wiki, renew: 3 } });
    const state = { desired, observed: emptyObserved, record: { ...emptyRecord, volumes } };
    expect(codes(state)).toContain("K3032 volume:lab-old_data");
    const next = simulated(state);
    expect(next.record.renewed).toEqual({ old: 3 });
    expect(codes(wanting(next, { old: { ...wiki, renew: 4 } }))).toEqual([]);
  });

  test("is made anew where no service is to have it", () => {
    const spare: InstanceSketch = { ...wiki, volumes: { data: "x", spare: "x" } };
    const lost = changed(applied(node({ old: spare })), ({ observed }) => {
      observed.volumes = observed.volumes.filter(({ name }) => name !== "lab-old_spare");
    });
    expect(codes(lost)).toEqual([]);
    expect(planText(lost)).toContain("#1 create-volume volume:lab-old_spare");
  });

  test("stays lost while a revision does without it", () => {
    const lost = simulated(withoutVolume(applied(node({ old: wiki })), { and: ["db"] }));
    const without: Record<string, InstanceSketch>[] = [
      {},
      { old: { ...wiki, state: "staged" } },
      { old: { ...wiki, services: { web: {} }, volumes: {} } },
      { old: { ...wiki, services: { db: {} }, volumes: {} } },
      { old: { ...wiki, services: { db: {} } } },
    ];
    for (const desired of without) {
      const between = done(done(wanting(lost, desired)));
      expect(between.observed.volumes).toEqual([]);
      const back = wanting(between, { old: wiki });
      expect(codes(done(back))).toContain("K3032 volume:lab-old_data");
      expect(codes(done(wanting(back, { old: { ...wiki, renew: 1 } })))).toEqual([]);
    }
  });

  test("is lost, too, when it goes together with what it was for", () => {
    const gone = changed(wanting(applied(node({ old: wiki })), {}), ({ observed }) => {
      observed.volumes = [];
      observed.containers = [];
    });
    expect(codes(wanting(done(gone), { old: wiki }))).toContain("K3032 volume:lab-old_data");
  });

  test("is lost no more once it is there again", () => {
    const running = applied(node({ old: wiki }));
    const lost = simulated(withoutVolume(running, { and: ["db"] }));
    expect(lost.record.volumes["lab-old_data"]?.state).toBe("lost");
    const found = changed(lost, ({ observed }) => {
      observed.volumes = structuredClone(running.observed.volumes);
    });
    expect(codes(found)).toEqual([]);
    expect(done(found).record.volumes["lab-old_data"]?.state).toBe("used");
  });

  test("is forgotten when it was removed while nothing used it", () => {
    const removed = wanting(applied(node({ old: wiki })), {});
    expect(planText({ ...removed, policy: permitted })).toContain(
      "? volume:lab-old_data [K1436] volume lab-old_data stays, with the data of old/db, although nothing uses it any more",
    );
    const gone = done(removed);
    expect(planText(gone)).toBe("nothing to do\n");
    expect(Object.keys(gone.record.volumes)).toEqual(["lab-old_data"]);
    expect(simulated(withoutVolume(gone)).record.volumes).toEqual({});
  });
});

describe("data that would be left behind", () => {
  const running = applied(node({ old: wiki }));

  test("of a renamed instance blocks the new one, and the old one goes on", () => {
    const renamed = wanting(running, { new: wiki });
    expect(planText({ ...renamed, policy: permitted })).toMatchInlineSnapshot(`
      "! service:lab-new/db [K3023] lab-new/db waits for volume lab-new_data, which is blocked
      ! service:lab-new/web [K3023] lab-new/web waits for volume lab-new_data, which is blocked
      ! volume:lab-new_data [K3033] volume lab-new_data would be new and empty, while lab-old_data, with the data of old/db, is left behind
      ? instance:old [K1438] instance old is held as it is: no revision desires it any more, and its removal is blocked (K3033)
      "
    `);
    expect(planOf(renamed).blocked.find(({ code }) => code === "K3033")?.hint).toBe(
      "To keep the data: `was: old` under instances.new in environment.yaml. To begin with an empty one: keelson renew new --environment lab --node lab-1",
    );
    expect(codes(done(done(renamed)))).toEqual(codes(renamed));
  });

  test("is not to be taken with `was` by an instance that has volumes of its own", () => {
    const mail = { package: "wiki", services: { mail: { volumes: ["mails"] } }, volumes: { mails: "x" } };
    const shop = { package: "wiki", services: { shop: { volumes: ["goods"] } }, volumes: { goods: "x" } };
    const before = applied(node({ old: mail, new: shop }));
    const both = {
      package: "wiki",
      services: { ...shop.services, ...mail.services },
      volumes: { goods: "x", mails: "x" },
    };
    const blocked = planOf({ ...wanting(before, { new: both }), policy: permitted }).blocked;
    const hint = blocked.find(({ code }) => code === "K3033")?.hint;
    expect(hint).toContain("leave what uses lab-old_mails where it is; or let lab-new_mails be made");
    expect(hint).not.toContain("`was");
  });

  test("of a renamed instance is told when somebody has removed containers of the old one", () => {
    const renamed = wanting(running, { new: wiki });
    const without = (...services: readonly string[]) =>
      changed(renamed, (copy) => {
        copy.observed.containers = copy.observed.containers.filter(
          ({ service }) => !services.includes(service),
        );
      });
    const toldOf = (state: typeof renamed) =>
      planText({ ...state, policy: permitted })
        .split("\n")
        .filter((line) => /lab-old\/|instance:old/.test(line));
    const held =
      "? instance:old [K1438] instance old is held as it is: no revision desires it any more, and its removal is blocked (K3033)";
    const gone = (service: string) =>
      `! service:lab-old/${service} [K3052] lab-old/${service} is held, and its container is gone`;
    expect(toldOf(without("db"))).toEqual([gone("db"), held]);
    expect(toldOf(without("db", "web"))).toEqual([gone("db"), gone("web"), held]);
    // What was only installed runs nothing, and a record of an earlier version does not know what there was.
    const forget = (change: (known: NonNullable<typeof renamed.record.applied>) => void) =>
      changed(without("db"), ({ record }) => change(required(record.applied, "what was applied")));
    expect(toldOf(forget((known) => (known.installed = ["old"])))).toEqual([held]);
    expect(toldOf(forget((known) => delete known.services))).toEqual([held]);
    // The commit that took it away is taken back.
    expect(codes(done(wanting(without("db"), { old: wiki })))).toEqual([]);
  });

  test("of a renamed instance whose containers are gone blocks the new one all the same", () => {
    const renamed = changed(wanting(running, { new: wiki }), ({ observed }) => {
      observed.containers = [];
    });
    expect(codes(done(done(renamed)))).toContain("K3033 volume:lab-new_data");
  });

  test("of a renamed instance whose volume is lost, too, blocks the new one", () => {
    const renamed = withoutVolume(wanting(running, { new: wiki }), { and: ["db", "web"] });
    expect(codes(done(done(renamed)))).toContain("K3033 volume:lab-new_data");
  });

  test("goes over to the instance that says what it was, without two that write", () => {
    const moved = wanting(running, { new: { ...wiki, was: "old" } });
    expect(planText({ ...moved, policy: permitted })).toMatchInlineSnapshot(`
      "#1 create-network network:lab-new_default [live]: does not exist yet
      #2 remove-container service:lab-old/web (lab-old-web-1) [recreate]: is no longer desired
      #3 remove-container service:lab-old/db (lab-old-db-1) [recreate] after #2: is no longer desired
      #4 create-containers services:lab-new/{db,web} [live] after #1: db: no container yet; web: no container yet
      #5 start-service service:lab-new/db [live] after #3 #4: its containers are new
      #6 await-service service:lab-new/db [live] after #5: until it runs
      #7 start-service service:lab-new/web [live] after #4 #5: its containers are new
      #8 await-service service:lab-new/web [live] after #7: until it runs
      #9 remove-network network:lab-old_default [live] after #3: is no longer desired
      "
    `);
    const { operations } = planOf({ ...moved, policy: permitted });
    expect(findImpossible(moved, operations)).toEqual([]);
    const after = done(moved);
    expect(codes(after)).toEqual([]);
    expect(after.record.volumes).toEqual({
      "lab-old_data": { users: ["new/db"], package: "sample/wiki", state: "used", places: atData("new/db") },
    });
  });

  test("goes over only once a container that stays has let go of it", () => {
    const core = { services: { app: { volumes: ["data"] } }, volumes: { data: "x" } };
    const before = applied(node({ core }));
    const state = wanting(before, {
      core: { services: { app: { environment: "y" } } },
      store: { services: { db: { volumes: ["data"] } }, volumes: { data: "x" }, was: "core" },
    });
    expect(planText({ ...state, policy: permitted })).toContain(
      "! service:lab-store/db [K3078] lab-store/db waits for container lab-core-app-1 to let go of volume lab-core_data, which it may write",
    );
    expect(codes(done(state))).toEqual([]);
    expect(done(done(state)).record.volumes["lab-core_data"]?.users).toEqual(["store/db"]);
  });

  describe("while something that is no service's may write it", () => {
    const writing = (state: SimulatedNode, project: string) =>
      changed(state, ({ observed }) => {
        observed.otherWriters = [{ container: "run-1", project, volumes: ["lab-old_data"] }];
      });
    const moved = wanting(running, { new: { ...wiki, was: "old" } });

    test.each(["lab-old", ""])("does not go over (project '%s')", (project) => {
      const state = writing(moved, project);
      expect(planText({ ...state, policy: permitted })).toMatchInlineSnapshot(`
        "#1 create-network network:lab-new_default [live]: does not exist yet
        ! service:lab-new/db [K3078] lab-new/db waits for container lab-old-db-1 to let go of volume lab-old_data, which it may write
        ! service:lab-new/db [K3036] lab-new/db waits for container run-1, which is no service's and may write volume lab-old_data
        ! service:lab-new/web [K3023] lab-new/web waits for lab-new/db, which is blocked
        ? instance:old [K1438] instance old is held as it is: no revision desires it any more, and its removal is blocked (K3036)
        "
      `);
      expect(codes(done(done(state)))).toEqual(codes(state));
      const over = changed(done(state), ({ observed }) => {
        observed.otherWriters = [];
      });
      expect(codes(over)).toEqual([]);
      expect(done(over).record.volumes["lab-old_data"]?.users).toEqual(["new/db"]);
    });

    test("does not go over while a stranger's container has it either", () => {
      const state = changed(moved, ({ observed }) => {
        observed.containers.push(container("stranger", { project: "lab-new", volumes: ["lab-old_data"] }));
        observed.containers.push(container("other", { volumes: ["lab-old_data"] }));
      });
      expect(codes(state).filter((text) => text.startsWith("K3036"))).toEqual(["K3036 service:lab-new/db"]);
    });

    test("keeps no other instance, whatever name a stranger's container bears", () => {
      const shop = { services: { web: {} } };
      const both = applied(node({ old: wiki, shop }));
      const state = changed(writing(wanting(both, { new: { ...wiki, was: "old" } }), ""), ({ observed }) => {
        const stranger = container("stranger", { project: "lab-shop", volumes: ["lab-old_data"] });
        observed.containers.push({ ...stranger, instance: "shop", ownership: "foreign" });
      });
      expect(planText({ ...state, policy: permitted })).toContain("remove-container service:lab-shop/web");
    });

    test("stays with a service that has it, and that one is healed beside its own one-off", () => {
      const update = wanting(running, {
        old: { ...wiki, services: { db: { image: "db:2", volumes: ["data"] } } },
      });
      expect(codes(writing(update, "lab-old"))).toEqual([]);
      expect(codes(writing(update, ""))).toEqual([]);
      const gone = changed(running, ({ observed }) => {
        observed.containers = [];
      });
      for (const project of ["lab-old", "", "mine"]) expect(codes(writing(gone, project))).toEqual([]);
      expect(codes(writing(gone, "lab-shop"))).toContain("K3036 service:lab-old/db");
    });
  });

  test("is left behind when the counter says so, and known as left from then on", () => {
    const after = done(wanting(running, { new: { ...wiki, renew: 1 } }));
    expect(codes(after)).toEqual([]);
    expect(after.observed.volumes.map(({ name }) => name)).toEqual(["lab-old_data", "lab-new_data"]);
    const both = { package: "sample/wiki" };
    expect(after.record.volumes).toEqual({
      "lab-new_data": { ...both, users: ["new/db"], state: "used", places: atData("new/db") },
      "lab-old_data": { ...both, users: ["old/db"], state: "given-up", places: atData("old/db") },
    });
    // Another new volume of the same service is nothing that the old one could be meant for.
    const more = {
      ...wiki,
      services: { db: { volumes: ["data", "cache"] } },
      volumes: { data: "x", cache: "x" },
    };
    expect(codes(wanting(after, { new: { ...more, renew: 1 } }))).toEqual([]);
  });

  describe("keeps up what has it", () => {
    const stop = (name: string, state: SimulatedNode, more: object = {}) =>
      changed(state, (copy) => {
        Object.assign(containerOf(copy, name), { state: "exited", exitCode: 137, ...more });
      });
    const starts = (state: SimulatedNode, policy = {}) =>
      planOf({ ...state, policy: { ...permitted, ...policy } }).operations.map(
        ({ kind, resource }) => `${kind} ${resource}`,
      );

    test("under the old name, in order", () => {
      const down = stop("lab-old/db", stop("lab-old/web", wanting(running, { new: wiki })));
      expect(planText({ ...down, policy: permitted })).toMatchInlineSnapshot(`
        "#1 start-service service:lab-old/db [live]: is not running (exit code 137)
        #2 start-service service:lab-old/web [live] after #1: is not running (exit code 137)
        ! service:lab-new/db [K3023] lab-new/db waits for volume lab-new_data, which is blocked
        ! service:lab-new/web [K3023] lab-new/web waits for volume lab-new_data, which is blocked
        ! volume:lab-new_data [K3033] volume lab-new_data would be new and empty, while lab-old_data, with the data of old/db, is left behind
        ? instance:old [K1438] instance old is held as it is: no revision desires it any more, and its removal is blocked (K3033)
        "
      `);
      const after = done(down);
      expect(after.observed.containers.map(({ state }) => state)).toEqual(["running", "running"]);
      expect(starts(after)).toEqual([]);
    });

    test("but for what has ended, was only installed, or has lost it", () => {
      const jobs: InstanceSketch = { ...wiki, services: { ...wiki.services, fill: { job: true } } };
      const ended = stop("lab-old/fill", wanting(applied(node({ old: jobs })), { new: wiki }), {
        exitCode: 0,
      });
      expect(starts(ended)).toEqual([]);
      // Without a record nobody knows what is a job.
      const forgotten = changed(ended, ({ record }) => {
        record.applied = null;
      });
      expect(starts(forgotten)).toEqual([]);
      const installed = applied(node({ old: { ...wiki, state: "installed" } }));
      expect(starts(stop("lab-old/db", wanting(installed, { new: wiki })))).toEqual([]);
      expect(starts(stop("lab-old/db", withoutVolume(wanting(running, { new: wiki }))))).toEqual([]);
    });

    test("and lets it rest when it ends again and again", () => {
      const down = stop("lab-old/db", wanting(running, { new: wiki }));
      const at = (seconds: number) => new Date(Date.parse("2026-11-20T08:00:00Z") + seconds * 1000);
      const again = changed(down, ({ record }) => {
        record.starts = { "lab-old/db": [0, 1, 2, 3, 4, 5].map((each) => at(each).toISOString()) };
      });
      const resting = findRestless(again, at(6));
      expect(resting).toMatchObject([{ instance: "old", service: "db", exitCode: 137 }]);
      const blocked = planOf({ ...again, policy: { ...permitted, resting } });
      expect(blocked.operations).toEqual([]);
      expect(blocked.blocked.map(({ code, resource }) => `${code} ${resource}`)).toContain(
        "K3037 service:lab-old/db",
      );
      expect(starts(again, { resting: findRestless(again, at(7)) })).toEqual([
        "start-service service:lab-old/db",
      ]);
    });

    test("under the same name, as it is", () => {
      const renamed: InstanceSketch = {
        ...wiki,
        services: { db: { volumes: ["files"], environment: "y" }, web: { dependsOn: ["db"] } },
        volumes: { files: "x" },
      };
      const without: InstanceSketch = { ...wiki, services: { db: { environment: "tmpfs" } }, volumes: {} };
      for (const desired of [renamed, without]) {
        const down = stop("lab-old/db", wanting(running, { old: desired }));
        expect(starts(down)).toContain("start-service service:lab-old/db");
        const after = done(down);
        expect(containerOf(after, "lab-old/db")).toMatchObject({
          state: "running",
          volumes: ["lab-old_data"],
        });
        expect(starts(after)).toEqual([]);
      }
      const gone = stop("lab-old/db", withoutVolume(wanting(running, { old: renamed })));
      expect(starts(gone)).toEqual([]);
    });
  });

  test("of a renamed volume blocks its service, and what runs goes on", () => {
    const renamed = {
      ...wiki,
      services: { db: { volumes: ["files"], environment: "y" } },
      volumes: { files: "x" },
    };
    const state = wanting(running, { old: renamed });
    expect(codes(state)).toEqual(["K3023 service:lab-old/db", "K3033 volume:lab-old_files"]);
    expect(planOf({ ...state, policy: permitted }).blocked.at(-1)?.hint).toContain(
      "`was: data` under data.files in package.yaml",
    );
    expect(codes(done(done(state)))).toEqual(codes(state));
  });

  test("of one service counts although another one still has the volume", () => {
    const shared = { ...wiki, services: { db: { volumes: ["data"] }, backup: { volumes: ["data"] } } };
    const dropped = {
      ...wiki,
      services: { db: { volumes: ["files"] }, backup: { volumes: ["data"] } },
      volumes: { data: "x", files: "x" },
    };
    const state = changed(wanting(applied(node({ old: shared })), { old: dropped }), ({ observed }) => {
      observed.containers = observed.containers.filter(({ service }) => service !== "db");
    });
    expect(codes(done(done(state)))).toEqual(["K3023 service:lab-old/db", "K3033 volume:lab-old_files"]);
  });

  test("of a service that moves to another instance and package blocks it there", () => {
    const store = { package: "store", services: { db: { volumes: ["data"] } }, volumes: { data: "x" } };
    const state = wanting(running, { old: { package: "wiki", services: { web: {} } }, store });
    expect(codes(state)).toContain("K3033 volume:lab-store_data");
    expect(
      planOf({ ...state, policy: permitted }).operations.filter(({ kind }) => kind === "remove-container"),
    ).toEqual([]);
    expect(
      codes(
        wanting(state, { old: { package: "wiki", services: { web: {} } }, store: { ...store, was: "old" } }),
      ),
    ).toEqual([]);
  });

  test("is found in two steps, too: an instance that was removed, and one of its package", () => {
    const removed = done(wanting(running, {}));
    expect(codes(removed)).toEqual([]);
    expect(codes(wanting(removed, { new: wiki }))).toContain("K3033 volume:lab-new_data");
    const other = { ...wiki, package: "other" };
    expect(codes(wanting(removed, { other }))).toContain("K3033 volume:lab-other_data");
    // Many services have one name: what looks elsewhere is another one.
    const elsewhere = { ...other, services: { db: { volumes: ["data:/srv"] } } };
    expect(codes(wanting(removed, { other: elsewhere }))).toEqual([]);
    const forgotten = changed(removed, ({ record }) => {
      for (const each of Object.values(record.volumes)) delete each.places;
    });
    expect(codes(wanting(forgotten, { other: elsewhere }))).toContain("K3033 volume:lab-other_data");
    expect(codes(wanting(removed, { old: wiki }))).toEqual([]);
  });

  describe("after its service had no containers meanwhile", () => {
    const files: InstanceSketch = {
      ...wiki,
      services: { db: { volumes: ["files"] } },
      volumes: { files: "x" },
    };

    test.each<[string, Record<string, InstanceSketch>[], string]>([
      ["the volume is renamed", [{ old: files }], "volume:lab-old_files"],
      [
        "the instance is renamed beside the old one",
        [{ old: { ...wiki, state: "staged" }, new: wiki }],
        "volume:lab-new_data",
      ],
      [
        "the instance is renamed",
        [{ new: { ...wiki, state: "staged" } }, { new: wiki }],
        "volume:lab-new_data",
      ],
      [
        "the instance and the volume are renamed",
        [{ new: { ...files, state: "staged" } }, { new: files }],
        "volume:lab-new_files",
      ],
      [
        "the instance is renamed and its package, too",
        [{ new: { ...wiki, package: "other", state: "staged" } }, { new: { ...wiki, package: "other" } }],
        "volume:lab-new_data",
      ],
    ])("%s", (_, steps, resource) => {
      for (const state of ["staged", "absent"] as const) {
        const [first = {}, ...others] = steps;
        const paused = done(wanting(running, state === "absent" ? {} : { old: { ...wiki, state } }));
        const before = done(done(wanting(paused, first)));
        const after = others.reduce((each, desired) => done(done(wanting(each, desired))), before);
        expect(codes(after)).toContain(`K3033 ${resource}`);
        expect(after.observed.volumes.map(({ name }) => `volume:${name}`)).not.toContain(resource);
      }
    });
  });

  describe("by a service that is to run without it", () => {
    const without: InstanceSketch = {
      ...wiki,
      services: { db: { environment: "tmpfs" }, web: {} },
      volumes: {},
    };

    test("blocks the service, and what runs goes on", () => {
      const state = wanting(running, { old: without });
      expect(planText(state)).toMatchInlineSnapshot(`
        "! service:lab-old/db [K3033] lab-old/db would run without lab-old_data, which has its data
        "
      `);
      expect(planOf(state).blocked[0]?.hint).toMatchInlineSnapshot(
        `"To keep the data, mount \`data\` in db as before. To go on as the commit says: keelson renew old --environment lab --node lab-1"`,
      );
      expect(codes(done(done(state)))).toEqual(codes(state));
      expect(codes(done(wanting(state, { old: wiki })))).toEqual([]);
    });

    test("also in several steps, and when its container is gone", () => {
      const staged = done(wanting(running, { old: { ...without, state: "staged" } }));
      expect(codes(wanting(staged, { old: without }))).toContain("K3033 service:lab-old/db");
      const absent = done(wanting(running, {}));
      expect(codes(wanting(absent, { old: without }))).toContain("K3033 service:lab-old/db");
      const bare = changed(wanting(running, { old: without }), ({ observed }) => {
        observed.containers = observed.containers.filter(({ service }) => service !== "db");
      });
      expect(codes(done(done(bare)))).toContain("K3033 service:lab-old/db");
    });

    test("also of two volumes, by a record that knows of none", () => {
      const two = { db: { volumes: ["data", "files"] } };
      const before = applied(node({ old: { services: two, volumes: { data: "x", files: "x" } } }));
      const one = { services: { db: { volumes: ["files"] } }, volumes: { files: "x" } };
      const state = changed(wanting(before, { old: one }), (copy) => {
        copy.record = { ...emptyRecord, renewed: { old: 0 } };
      });
      for (const each of [state, wanting(before, { old: one })])
        expect(codes(done(done(each)))).toEqual(["K3033 service:lab-old/db"]);
    });

    test("goes on without it when the counter says so after the record was lost", () => {
      const loss = { made: [], unproven: [] };
      const lost = changed(running, (copy) => {
        copy.record = { ...emptyRecord, loss };
      });
      const after = done(lost);
      expect(after.record.renewed).toEqual({ old: 0 });
      expect(codes(wanting(after, { old: without }))).not.toEqual([]);
      expect(codes(wanting(after, { old: { ...without, renew: 1 } }))).toEqual([]);
      // What the counter was at the loss says nothing, also when the record names something since.
      const early = changed(running, ({ record }) => Object.assign(record, { loss, renewed: {} }));
      expect(codes(wanting(early, { old: { ...without, renew: 1 } }))).not.toEqual([]);
    });

    test("goes on without it when the counter says so, and for good", () => {
      const permits = wanting(running, { old: { ...without, renew: 1 } });
      expect(planOf(permits).notices.map(({ code, resource }) => `${code} ${resource}`)).toEqual([
        "K1436 volume:lab-old_data",
      ]);
      const renewed = done(permits);
      expect(planOf(renewed).notices).toEqual([]);
      expect(codes(renewed)).toEqual([]);
      expect(renewed.record.volumes["lab-old_data"]?.state).toBe("given-up");
      expect(renewed.record.renewed).toEqual({ old: 1 });
      const bare = changed(renewed, ({ observed }) => {
        observed.containers = [];
      });
      expect(codes(bare)).toEqual([]);
    });

    test("keeps the counter until the service has let go of it", () => {
      const renewed = wanting(running, { old: { ...without, renew: 1 } });
      const broken = { ...renewed, ...simulate(renewed, []) };
      expect(broken.record.renewed).toEqual({});
      expect(codes(broken)).toEqual([]);
    });

    test("is no matter to what only read it while another service has it, nor where that gets it", () => {
      const shared = {
        ...wiki,
        services: { db: { volumes: ["data"] }, backup: { volumes: ["data:/data:ro"] } },
      };
      const dropped = { ...wiki, services: { db: { volumes: ["data"] }, backup: {} } };
      expect(codes(wanting(applied(node({ old: shared })), { old: dropped }))).toEqual([]);
      const store = { services: { db: { volumes: ["data"] } }, volumes: { data: "x" }, was: "old" };
      const moved = wanting(running, { old: without, store });
      expect(codes(done(moved))).toEqual([]);
    });

    test("is no matter where it has it by another service", () => {
      const follower = {
        ...wiki,
        services: { db: { volumes: ["data"] }, backup: { sharesWith: ["db"], volumesFrom: ["db"] } },
      };
      const state = changed(applied(node({ old: follower })), ({ observed }) => {
        for (const each of observed.containers) each.volumes = ["lab-old_data"];
      });
      expect(codes(done(state))).toEqual([]);
      const more = {
        ...follower,
        services: {
          ...follower.services,
          backup: { sharesWith: ["db"], volumesFrom: ["db"], volumes: ["cache"] },
        },
        volumes: { data: "x", cache: "x" },
      };
      expect(codes(wanting(done(state), { old: more }))).toEqual([]);
    });
  });

  test("is given up for all that come later", () => {
    const after = done(wanting(running, { new: { ...wiki, renew: 1 } }));
    expect(codes(wanting(after, { new: { ...wiki, renew: 1 }, third: wiki }))).toEqual([]);
  });

  test("is no matter where a second instance comes beside the first", () => {
    expect(codes(wanting(running, { old: wiki, new: wiki }))).toEqual([]);
  });

  test("is found with a record of an earlier version, which knows no volumes", () => {
    const state = changed(wanting(running, { new: wiki }), ({ record }) => {
      record.volumes = {};
    });
    expect(codes(state)).toContain("K3033 volume:lab-new_data");
  });

  test("is known although the record is lost and what had it is made anew without it", () => {
    const store = { services: { db: { volumes: ["data"] } }, volumes: { data: "x" } };
    const state = changed(
      wanting(running, { old: { ...wiki, services: { db: { environment: "y" } } }, store }),
      (copy) => {
        copy.record = { ...emptyRecord, renewed: { old: 0, store: 0 } };
      },
    );
    expect(codes(state)).toContain("K3033 volume:lab-store_data");
    expect(codes(done(done(state)))).toContain("K3033 volume:lab-store_data");
  });

  describe("in another environment", () => {
    /** The same desired state in the environment `prod`. */
    const inProd = (instances: Record<string, InstanceSketch>): SimulatedNode["desired"] => {
      const desired: SimulatedNode["desired"] = JSON.parse(
        JSON.stringify(node(instances)).replaceAll("lab-", "prod-"),
      );
      return { ...desired, environment: "prod" };
    };
    const moved = changed(running, ({ observed }) => {
      observed.containers = [];
      for (const each of observed.volumes)
        Object.assign(each, { ownership: "foreign", elsewhere: { environment: "lab", instance: "old" } });
    });

    test("is told as such: no line of Git takes it over", () => {
      const state = { ...moved, desired: inProd({ old: wiki }) };
      const blocked = planOf(state).blocked.find(({ code }) => code === "K3033");
      expect(blocked?.resource).toBe("volume:prod-old_data");
      expect(blocked?.hint).toMatchInlineSnapshot(
        `"To keep the data: lab-old_data is of environment lab, which \`was\` cannot take; if this node is to be of it, correct agent.yaml; else let prod-old_data be made with \`state: installed\` and the command below, copy the data into it, and set \`state: running\`. To begin with an empty one: keelson renew old --environment prod --node prod-1"`,
      );
      expect(codes(done({ ...moved, desired: inProd({ old: { ...wiki, renew: 1 } }) }))).toEqual([]);
      const without = { ...wiki, services: { db: {}, web: {} }, volumes: {} };
      expect(codes({ ...moved, desired: inProd({ old: without }) })).toEqual([]);
    });

    test("is not taken by `was`, and whose it is is said", () => {
      // `was: ot-her` in `lab` names what `her` has in `lab-ot`.
      const state = changed(wanting(running, { new: { ...wiki, was: "ot-her" } }), ({ observed }) => {
        for (const each of structuredClone(observed.volumes))
          observed.volumes.push({
            ...each,
            name: "lab-ot-her_data",
            ownership: "foreign",
            elsewhere: { environment: "lab-ot", instance: "her" },
          });
      });
      expect(planText({ ...state, policy: permitted })).toMatchInlineSnapshot(`
        "! service:lab-new/db [K3023] lab-new/db waits for volume lab-ot-her_data, which is blocked
        ! service:lab-new/web [K3023] lab-new/web waits for volume lab-ot-her_data, which is blocked
        ! volume:lab-ot-her_data [K1437] volume lab-ot-her_data is of environment lab-ot, instance her, and no other environment may take it
        ? instance:old [K1438] instance old is held as it is: no revision desires it any more, and its removal is blocked (K3033)
        "
      `);
      expect(codes(done(done(state)))).toEqual(codes(state));
    });
  });

  test("is nothing that a plan on any node ever does", () => {
    fc.assert(
      fc.property(anyNode({ strangers: false, renew: 0 }), (state) => {
        const once = done(state);
        const again = done(once);
        const guarded = codes(state).filter((text) => text.startsWith("K3033"));
        const names = guarded.map((text) => text.split("volume:")[1]);
        const have = again.observed.volumes.map(({ name }) => name);
        expect(have.filter((name) => names.includes(name))).toEqual([]);
        expect(codes(again)).toEqual(expect.arrayContaining(guarded));
        const kept = state.observed.volumes.map(({ name }) => name);
        expect(have).toEqual(expect.arrayContaining(kept));
      }),
    );
  });
});

test("a volume whose name says nothing of its project is named as the way back to its data", () => {
  const own = node({ core: { services: { db: { volumes: ["data"] } }, volumes: { data: "x" } } });
  const named: typeof own = JSON.parse(JSON.stringify(own).replaceAll("lab-core_data", "old_data"));
  const digests = [{ algorithm: "v1", digest: "of another volume", parts: {} }] as const;
  const [core] = named.instances;
  if (core === undefined) throw new Error("no instance");
  const services = core.services.map((service) => ({ ...service, digests }));
  const up = applied({ ...named, instances: [{ ...core, services }] });
  const { blocked } = planOf({ ...up, desired: own });
  expect(blocked.find(({ code }) => code === "K3033")?.hint).toContain(
    "`name: old_data` under volumes.data in the Compose file",
  );
});
