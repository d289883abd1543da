import { emptyRecord } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import type { ServiceSketch } from "./service-fixture.ts";
import { applied, changed, containerOf } from "./node-fixture.ts";
import { permitted, planOf } from "./plan-fixture.ts";
import { emptyObserved, simulate } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const volumes = { data: "x", files: "x" };
const wiki = (services: Record<string, ServiceSketch>, more: Partial<InstanceSketch> = {}) => ({
  old: { package: "wiki", services, volumes, ...more },
});
const wanting = (state: SimulatedNode, instances: Record<string, InstanceSketch>): SimulatedNode => ({
  ...state,
  desired: node(instances),
});
const planFor = (state: SimulatedNode) => planOf({ ...state, policy: permitted });
const done = (state: SimulatedNode): SimulatedNode => ({
  ...state,
  ...simulate(state, planFor(state).operations),
});
const lost = (state: SimulatedNode) =>
  planFor(state)
    .blocked.filter(({ code }) => code === "K3033")
    .map(({ message }) => message);
const without = (service: string, state: SimulatedNode) =>
  changed(state, ({ observed }) => {
    observed.containers = observed.containers.filter((each) => each.service !== service);
  });
/** After the operations up to the first of a kind, and what the round remembers of them. */
const afterFirst = (state: SimulatedNode, kind: string): SimulatedNode => {
  const { operations } = planFor(state);
  const count = operations.findIndex((each) => each.kind === kind) + 1;
  return { ...state, ...simulate(state, operations.slice(0, count)) };
};
const db = (...mounts: string[]): Record<string, ServiceSketch> => ({ db: { volumes: mounts } });

describe("a service that would begin empty where it had data", () => {
  const running = applied(node(wiki(db("data:/srv/db", "files:/srv/files"))));

  test.each<[string, ServiceSketch, string]>([
    [
      "at another path",
      { volumes: ["data:/var/db", "files:/srv/files"] },
      "lab-old/db would not find the data of lab-old_data at /srv/db any more",
    ],
    [
      "at the folder above",
      { volumes: ["data:/srv", "files:/srv/files"] },
      "lab-old/db would not find the data of lab-old_data at /srv/db any more",
    ],
    [
      "at a folder below",
      { volumes: ["data:/srv/db/16", "files:/srv/files"] },
      "lab-old/db would not find the data of lab-old_data at /srv/db any more",
    ],
    [
      "in a folder of the volume",
      { volumes: ["data:/srv/db#16", "files:/srv/files"] },
      "lab-old/db would not find the data of lab-old_data at /srv/db any more",
    ],
    [
      "with its two volumes swapped",
      { volumes: ["data:/srv/files", "files:/srv/db"] },
      "lab-old/db would not find the data of lab-old_data and lab-old_files at /srv/db and /srv/files any more",
    ],
    [
      "below a new volume",
      { volumes: ["data:/srv/db", "files:/srv/files"], anonymous: ["/srv/db/wal"] },
      "lab-old/db would have something empty at /srv/db/wal, over what lab-old_data has there",
    ],
    [
      "below memory",
      { volumes: ["data:/srv/db", "files:/srv/files"], memory: ["/srv/db/wal"] },
      "lab-old/db would have something empty at /srv/db/wal, over what lab-old_data has there",
    ],
  ])("%s, is not made anew until somebody permits it, once", (form, sketch, message) => {
    const desired = wiki({ db: sketch });
    const state = wanting(running, desired);
    const before = containerOf(running, "lab-old/db");
    expect(lost(state).join("\n")).toContain(message);
    const later = done(done(state));
    expect(containerOf(later, "lab-old/db").id).toBe(before.id);
    expect(lost(later)).toEqual(lost(state));
    // Also when nothing but the record shows where it was, and while it is to have no containers.
    for (const gone of [without("db", state), done(without("db", state)), without("db", done(state))])
      expect(lost(done(gone)).join("\n")).toContain(message);
    const scaled = done(done(wanting(running, wiki({ db: { ...sketch, replicas: 0 } }))));
    expect(lost(scaled)).toEqual([]);
    expect(scaled.observed.containers).toEqual([]);
    expect(lost(done(wanting(scaled, desired))).join("\n")).toContain(message);
    const staged = done(done(wanting(running, wiki({ db: sketch }, { state: "staged" }))));
    expect(lost(done(wanting(staged, desired))).join("\n")).toContain(message);
    const back = done(wanting(later, wiki(db("data:/srv/db", "files:/srv/files"))));
    expect(planFor(back)).toMatchObject({ blocked: [], operations: [] });
    for (const each of [later, without("db", later)]) {
      const renewed = wanting(each, wiki({ db: sketch }, { renew: 1 }));
      const half = { ...renewed, ...simulate(renewed, []) };
      const after = done(half);
      expect(planFor(after)).toMatchObject({ blocked: [], operations: [] });
      expect(after.record.renewed).toEqual({ old: 1 });
      const again = wanting(after, wiki(db("data:/srv/db", "files:/srv/files"), { renew: 1 }));
      // What is uncovered again was not left.
      expect(lost(again).length).toBe(form.startsWith("below") ? 0 : 1);
    }
  });

  test("below a volume that the image declares, is not made anew, and goes on where it had that before", () => {
    const declares = (state: SimulatedNode, image: string) =>
      changed(state, ({ observed }) => {
        observed.images[image] = { id: image, digests: [], volumes: ["/srv/db/sub", "/srv/files"] };
      });
    const mounts = ["data:/srv/db", "files:/srv/files"];
    const state = declares(wanting(running, wiki({ db: { volumes: mounts, image: "db:2" } })), "db:2");
    const message = "lab-old/db would have something empty at /srv/db/sub, over what lab-old_data has there";
    expect(lost(state)).toEqual([message]);
    expect(lost(done(without("db", state)))).toEqual([message]);
    const same = declares(running, running.desired.instances[0]?.services[0]?.image ?? "");
    expect(lost(without("db", done(same)))).toEqual([]);
  });

  test("is made anew with what changes nothing of that", () => {
    const forms: ServiceSketch[] = [
      { volumes: ["data:/srv/db", "files:/srv/files", "data:/mirror"] },
      { volumes: ["data:/srv/db:ro", "files:/srv/files"] },
      { volumes: ["data:/srv/db", "files:/srv/files"], binds: ["/srv/db/db.conf"] },
      { volumes: ["data:/srv/db", "files:/srv/files"], anonymous: ["/srv", "/cache"], memory: ["/run"] },
    ];
    for (const form of forms) {
      const after = done(wanting(running, wiki({ db: form })));
      expect(lost(after)).toEqual([]);
      expect(containerOf(after, "lab-old/db").id).not.toBe(containerOf(running, "lab-old/db").id);
      expect(planFor(after)).toMatchObject({ blocked: [], operations: [] });
    }
    const more = { ...volumes, third: "x" };
    expect(
      lost(wanting(running, wiki(db("data:/srv/db", "files:/srv/files", "third"), { volumes: more }))),
    ).toEqual([]);
  });

  test("is not blocked by what its engine tells otherwise of a container that is in sync", () => {
    const state = changed(running, ({ observed }) => {
      for (const each of observed.containers) each.places = [];
    });
    expect(lost(state)).toEqual([]);
    expect(lost(without("db", done(state)))).toEqual([]);
  });

  test("is told by a record that knows no places only while its container shows them", () => {
    const state = changed(wanting(running, wiki(db("data:/var/db", "files:/srv/files"))), ({ record }) => {
      for (const each of Object.values(record.volumes)) delete each.places;
    });
    expect(lost(state)).toHaveLength(1);
    const forgotten = { ...state, record: { ...emptyRecord, renewed: { old: 0 } } };
    expect(lost(done(forgotten))).toHaveLength(1);
    expect(lost(without("db", state))).toEqual([]);
  });

  test("has it in the place of another service's, too", () => {
    const two = { db: { volumes: ["data"] }, web: { volumes: ["files"] } };
    const swapped = { db: { volumes: ["files:/data"] }, web: { volumes: ["data:/files"] } };
    const state = wanting(applied(node(wiki(two))), wiki(swapped));
    expect(lost(state)).toEqual([
      "lab-old/db would run without lab-old_data, which has its data",
      "lab-old/web would run without lab-old_files, which has its data",
    ]);
    expect(lost(done(done(state)))).toEqual(lost(state));
    expect(lost(done(wanting(state, wiki(swapped, { renew: 1 }))))).toEqual([]);
  });
});

describe("a volume that no container has ever run with", () => {
  const wrong = { desired: node(wiki(db("data:/wrong"))), observed: emptyObserved, record: emptyRecord };
  const forms: [string, SimulatedNode][] = [
    ["its container was never made", afterFirst(wrong, "create-volume")],
    ["its container was never started", afterFirst(wrong, "create-containers")],
  ];

  test.each(forms)("is no data when %s", (_, state) => {
    expect(state.observed.volumes.map(({ name }) => name)).toContain("lab-old_data");
    const { old } = wiki(db("new:/right"), { volumes: { new: "x" } });
    for (const desired of [wiki(db("data:/right")), { old }, { other: old }, wiki(db())]) {
      expect(lost(wanting(state, desired))).toEqual([]);
      expect(lost(done(wanting(state, desired)))).toEqual([]);
    }
  });

  test("holds what a person has copied into it while it was only installed", () => {
    const installed = applied(node(wiki(db("data:/wrong"), { state: "installed" })));
    expect(lost(wanting(installed, wiki(db("data:/right"))))).toHaveLength(1);
  });

  test("is data again for what ran before, whatever was not started since", () => {
    const running = applied(node(wiki(db("data:/srv"))));
    const again = changed(running, (copy) => {
      containerOf(copy, "lab-old/db").state = "created";
    });
    expect(lost(wanting(again, wiki(db("data:/other"))))).toHaveLength(1);
  });
});

describe("a volume that other services go on using", () => {
  const shared = { db: { volumes: ["data"] }, backup: { volumes: ["data:/from"] } };
  const running = applied(node(wiki(shared)));
  const dropped = wiki({ db: { memory: ["/data"] }, backup: { volumes: ["data:/from"] } });

  test("is not dropped by one that wrote it until somebody permits it", () => {
    const state = wanting(running, dropped);
    const message = "lab-old/db would run without lab-old_data, which has its data";
    expect(lost(state)).toEqual([message]);
    for (const each of [done(done(state)), done(done(without("db", state)))])
      expect(lost(each)).toEqual([message]);
    const renewed = wanting(state, wiki(dropped.old.services, { renew: 1 }));
    expect(planFor({ ...renewed, ...simulate(renewed, []) }).blocked).toEqual([]);
    const after = done(renewed);
    expect(lost(after)).toEqual([]);
    expect(after.record.volumes["lab-old_data"]).toMatchObject({ users: ["old/backup"], state: "used" });
    expect(lost(without("db", after))).toEqual([]);
  });

  test("is not missed by a service that is removed", () => {
    expect(lost(wanting(running, wiki({ db: { volumes: ["data"] } })))).toEqual([]);
  });

  test("is not missed by what only read it, nor where a record knows that", () => {
    const readers = applied(node(wiki({ ...shared, backup: { volumes: ["data:/from:ro"] } })));
    const state = wanting(readers, wiki({ ...shared, backup: {} }));
    expect(lost(state)).toEqual([]);
    expect(lost(without("backup", state))).toEqual([]);
    // What wrote it before has its data there, also when it only reads it by now.
    const reading = done(wanting(running, wiki({ ...shared, backup: { volumes: ["data:/from:ro"] } })));
    expect(lost(wanting(reading, wiki({ ...shared, backup: {} })))).toHaveLength(1);
  });
});

describe("a service that has the volumes of another one", () => {
  const has = (sketch: ServiceSketch) => wiki({ ...db("data"), backup: { sharesWith: ["db"], ...sketch } });
  const running = applied(node(has({ volumesFrom: ["db"] })));

  test("is not without them until somebody permits it, also when it shares something else", () => {
    const state = wanting(running, has({}));
    const message = "lab-old/backup would run without lab-old_data, which has its data";
    expect(lost(state)).toEqual([message]);
    expect(lost(done(without("backup", state)))).toEqual([message]);
    expect(lost(wanting(running, has({ volumes: ["data"] })))).toEqual([]);
    const own = applied(node(has({ volumes: ["data:/mine"] })));
    expect(lost(wanting(own, has({ volumes: ["data:/other"] })))).toHaveLength(1);
    expect(lost(wanting(own, has({})))).toEqual([message]);
  });

  test("does not leave an anonymous volume behind that the other one keeps", () => {
    const shared = applied(
      node(wiki({ db: { anonymous: ["/data"] }, backup: { sharesWith: ["db"], environment: "x" } })),
    );
    const before = changed(shared, ({ observed }) => {
      const [own, other] = [containerOf(shared, "lab-old/db"), "backup"];
      for (const each of observed.containers)
        if (each.service === other)
          Object.assign(each, { places: own.places, anonymousVolumes: own.anonymousVolumes });
      for (const image of Object.values(observed.images)) if (image !== null) image.volumes = [];
    });
    const after = wiki({ db: { anonymous: ["/data"] }, backup: { sharesWith: ["db"], environment: "y" } });
    expect(lost(wanting(before, after))).toEqual([]);
  });
});

describe("a service that is new while another one and its volume go", () => {
  const running = applied(node(wiki({ ...db("data"), web: {} })));
  const message = "lab-old/base is new, while lab-old_data has the data of old/db";

  test.each<[string, ServiceSketch]>([
    ["nothing", {}],
    ["memory", { memory: ["/data"] }],
    ["an anonymous volume", { anonymous: ["/data"] }],
    ["a bind", { binds: ["/data"] }],
    ["a volume of another key", { volumes: ["files:/data"] }],
  ])("with %s, waits for a person, and the old one goes on", (_, sketch) => {
    const state = wanting(running, wiki({ base: sketch, web: {} }));
    expect(lost(state)).toEqual([message]);
    const later = done(done(state));
    expect(lost(later)).toEqual([message]);
    expect(later.observed.containers.map(({ service }) => service)).toEqual(["db", "web"]);
    const after = done(wanting(later, wiki({ base: sketch, web: {} }, { renew: 1 })));
    expect(planFor(after)).toMatchObject({ blocked: [], operations: [] });
    expect(after.record).toMatchObject({
      renewed: { old: 1 },
      volumes: { "lab-old_data": { state: "given-up" } },
    });
    expect(after.observed.containers.map(({ service }) => service)).toEqual(["web", "base"]);
  });

  test("is found while another one writes the volume, too, where it has something new at the old one's path", () => {
    const backup = { backup: { volumes: ["data:/src"] } };
    const before = applied(node(wiki({ ...db("data:/var/lib/db"), ...backup })));
    const told = message.replace("of old/db", "of old/backup, old/db");
    for (const sketch of [{ volumes: ["files:/var/lib/db"] }, { memory: ["/var/lib/db"] }]) {
      const state = wanting(before, wiki({ base: sketch, ...backup }));
      expect(lost(state)).toEqual([told]);
      expect(lost(done(done(state)))).toEqual([told]);
    }
    expect(lost(wanting(before, wiki({ base: { volumes: ["files:/else"] }, ...backup })))).toEqual([]);
  });

  test("is found while another one only reads the volume, and not while one writes it", () => {
    const beside = (reader: string) => ({ reader: { volumes: [reader] } });
    for (const reader of ["data:/from:ro", "data:/from"]) {
      const before = applied(node(wiki({ ...db("data"), ...beside(reader) })));
      const state = wanting(before, wiki({ base: { memory: ["/mem"] }, ...beside(reader) }));
      expect(lost(state)).toEqual(
        reader.endsWith(":ro") ? [message.replace("of old/db", "of old/db, old/reader")] : [],
      );
      expect(lost(done(done(state)))).toEqual(lost(state));
    }
    const two = applied(node(wiki({ ...db("data"), ...beside("data:/from:ro") })));
    expect(lost(wanting(two, wiki({ ...db("data"), base: {} })))).toEqual([]);
    const reading = { viewer: { volumes: ["data:/from:ro"] }, ...beside("data:/from:ro") };
    expect(
      lost(wanting(applied(node(wiki(reading))), wiki({ base: {}, ...beside("data:/from:ro") }))),
    ).toEqual([]);
  });

  test("is found in an instance of its package that got another name, too", () => {
    const { old } = wiki({ base: { memory: ["/data"] } }, { volumes: {} });
    expect(lost(wanting(running, { new: old }))).toEqual([message.replace("lab-old/", "lab-new/")]);
    expect(lost(wanting(running, { new: { ...old, package: "other" } }))).toEqual([]);
  });

  test("is no matter where it mounts the volume, where the old one goes before, or where either is alone", () => {
    expect(lost(wanting(running, wiki({ base: { volumes: ["data"] }, web: {} })))).toEqual([]);
    const removed = done(wanting(running, wiki({ web: {} })));
    expect(lost(removed)).toEqual([]);
    expect(lost(wanting(removed, wiki({ base: {}, web: {} })))).toEqual([]);
    expect(lost(wanting(running, wiki({ ...db("data"), web: {}, base: {} })))).toEqual([]);
    for (const job of [{ oneShot: true }, { scheduled: true }])
      expect(lost(wanting(running, wiki({ base: job, web: {} })))).toEqual([]);
    // What does not say that it is to run on may be a server all the same.
    expect(lost(wanting(running, wiki({ base: { job: true }, web: {} })))).toEqual([message]);
  });

  test("is no matter to what was there before, also where its container or the record is gone", () => {
    const state = wanting(running, wiki({ web: { environment: "y" } }));
    expect(lost(without("web", state))).toEqual([]);
    expect(lost(done(without("web", done(state))))).toEqual([]);
    expect(lost({ ...state, record: { ...emptyRecord, renewed: { old: 0 } } })).toEqual([]);
  });
});

describe("an anonymous volume", () => {
  const running = applied(node(wiki({ db: { anonymous: ["/data"] } })));
  const [name = ""] = containerOf(running, "lab-old/db").anonymousVolumes ?? [];
  const message = `lab-old/db would have something else at /data, and leave behind what it has there: anonymous volume ${name}`;

  test.each<[string, ServiceSketch]>([
    ["a named one", { volumes: ["data"] }],
    ["memory", { memory: ["/data"] }],
    ["a bind", { binds: ["/data"] }],
  ])("in whose place %s is to come waits for a person", (_, sketch) => {
    const state = wanting(running, wiki({ db: sketch }));
    expect(lost(state)).toEqual([message]);
    const later = done(done(state));
    expect(lost(later)).toEqual([message]);
    expect(containerOf(later, "lab-old/db").anonymousVolumes).toEqual([name]);
    const renewed = wanting(later, wiki({ db: sketch }, { renew: 1 }));
    expect(planFor({ ...renewed, ...simulate(renewed, []) }).blocked).toEqual([]);
    expect(
      planFor(renewed).notices.map(({ code, message: text }) => `${code} ${text.includes(name)}`),
    ).toEqual(["K3047 true"]);
    expect(planFor(done(renewed))).toMatchObject({ blocked: [], operations: [], notices: [] });
  });

  test("is handed on where it stays, and where its image declares it", () => {
    const changes = wanting(running, wiki({ db: { anonymous: ["/data"], environment: "y" } }));
    expect(containerOf(done(changes), "lab-old/db").anonymousVolumes).toEqual([name]);
    const state = wanting(running, wiki({ db: { environment: "y" } }));
    const withImage = (volumesOf: string[]) =>
      changed(state, ({ observed }) => {
        for (const image of Object.values(observed.images)) if (image !== null) image.volumes = volumesOf;
      });
    expect(lost(withImage(["/data"]))).toEqual([]);
    expect(lost(withImage([]))).toEqual([message]);
    const unknown = changed(state, ({ observed }) => {
      observed.images = {};
    });
    expect(lost(unknown)).toEqual([]);
    const declared = [{ service: "db", image: "db:1.0", path: "/data" }];
    const creationOf = (each: SimulatedNode) =>
      planFor(each).operations.find(({ kind }) => kind === "create-containers");
    expect(creationOf(unknown)).toMatchObject({ declared });
    expect(creationOf(withImage(["/data"]))).not.toHaveProperty("declared");
    const renewed = wanting(unknown, wiki({ db: { environment: "y" } }, { renew: 1 }));
    expect(creationOf(renewed)).not.toHaveProperty("declared");
    const named = wanting(unknown, wiki({ db: { anonymous: ["/data"], environment: "y" } }));
    expect(creationOf(named)).not.toHaveProperty("declared");
  });
});

describe("a lost volume", () => {
  const gone = changed(applied(node(wiki({ ...db("data"), web: {} }))), ({ observed }) => {
    observed.volumes = observed.volumes.filter(({ name }) => name !== "lab-old_data");
    observed.containers = observed.containers.filter(({ service }) => service !== "db");
  });
  const notices = (state: SimulatedNode) =>
    planFor(state).notices.map(({ code, resource }) => `${code} ${resource}`);
  const bare = { volumes: {} };

  test("is no reason to run without it", () => {
    const state = wanting(gone, wiki({ db: {}, web: {} }, bare));
    const message = "lab-old/db would run without lab-old_data, which had its data and is gone";
    expect(lost(state)).toEqual([message]);
    expect(lost(done(done(state)))).toEqual([message]);
    const after = done(wanting(done(state), wiki({ db: {}, web: {} }, { ...bare, renew: 1 })));
    expect(planFor(after)).toMatchObject({ blocked: [], operations: [], notices: [] });
    expect(Object.keys(after.record.volumes)).toEqual(["lab-old_files"]);
    expect(after.record.renewed).toEqual({ old: 1 });
  });

  test("is told while nothing names it, until somebody gives it up", () => {
    const without = done(wanting(gone, wiki({ web: {} }, bare)));
    for (const state of [wanting(gone, wiki({ web: {} }, bare)), without, done(without)]) {
      expect(planFor(state).blocked).toEqual([]);
      expect(notices(state)).toEqual(["K3045 volume:lab-old_data"]);
    }
    expect(planFor(without).notices[0]?.message).toContain(
      "keelson renew old --environment lab --node lab-1",
    );
    const after = done(wanting(without, wiki({ web: {} }, { ...bare, renew: 1 })));
    expect(notices(after)).toEqual([]);
    expect(Object.keys(after.record.volumes)).toEqual(["lab-old_files"]);
  });

  test("is not told of an instance whose counter nobody can move, and missed when that is back", () => {
    const absent = done(done(wanting(gone, { other: { services: { app: {} } } })));
    expect(notices(absent)).toEqual([]);
    expect(absent.record.volumes["lab-old_data"]?.state).toBe("lost");
    const back = wanting(absent, wiki({ web: {} }, bare));
    expect(notices(done(back))).toEqual(["K3045 volume:lab-old_data"]);
  });
});
