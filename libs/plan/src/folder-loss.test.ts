import type { ObservedDataFolder } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import { applied, changed, simulated } from "./node-fixture.ts";
import { planOf, planText } from "./plan-fixture.ts";
import type { ServiceSketch } from "./service-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const data = { source: "data", services: ["app"] };

function wiki(service: ServiceSketch = {}, rest: Partial<InstanceSketch> = {}): InstanceSketch {
  return { services: { app: service }, networks: {}, ...rest };
}

function wanting(state: SimulatedNode, instances: Record<string, InstanceSketch>): SimulatedNode {
  return { ...state, desired: node(instances) };
}

function found(state: SimulatedNode, source: string): ObservedDataFolder {
  const folder = state.observed.dataFolders?.find((each) => each.source === source);
  if (folder === undefined) throw new Error(`no folder ${source}`);
  return folder;
}

/** A program that has run, and has put something into its data folder. */
const filled = withData(applied(node({ wiki: wiki({}, { folders: [data] }) })));

function withData(state: SimulatedNode): SimulatedNode {
  const after = changed(state, (copy) => {
    Object.assign(found(copy, "data"), { state: "filled" });
  });
  return simulated(after);
}

/** As a node sees it that is to make one more. */
function withNew(state: SimulatedNode): SimulatedNode {
  return changed(state, (copy) => {
    const place = { instance: "wiki", source: "new", path: "/data/wiki/new" };
    copy.observed.dataFolders?.push({ ...place, state: "absent", files: {}, fault: null });
  });
}

function blocked(state: SimulatedNode): string[] {
  return planOf(state).blocked.map(({ resource, code, message }) => `${code} ${resource} ${message}`);
}

const without = "lab-wiki/app would run without /data/wiki/data, which has its data";

describe("a service does not begin without its data folder", () => {
  test.each<[string, InstanceSketch, string]>([
    ["nothing in its place", wiki(), without],
    ["memory in its place", wiki({ memory: ["/data"] }), without],
    ["an anonymous volume in its place", wiki({ anonymous: ["/data"] }), without],
    ["a path of the host in its place", wiki({ binds: ["/data"] }), without],
    [
      "what is committed, bound read-only, in its place",
      wiki({ binds: ["/data"] }, { mounts: [{ services: ["app"], files: [{ to: "data/seed" }] }] }),
      without,
    ],
    [
      "its data at another path",
      wiki({}, { folders: [{ ...data, at: "/srv" }] }),
      "lab-wiki/app would not find the data of /data/wiki/data at /data any more",
    ],
    [
      "an empty folder over a part of it",
      wiki({}, { folders: [data, { source: "new", services: ["app"], at: "/data/db" }] }),
      "lab-wiki/app would have something empty at /data/db, over what /data/wiki/data has there",
    ],
    [
      "memory over a part of it",
      wiki({ memory: ["/data/db"] }, { folders: [data] }),
      "lab-wiki/app would have something empty at /data/db, over what /data/wiki/data has there",
    ],
  ])("with %s", (_, next, message) => {
    const state = wanting(withNew(filled), { wiki: next });
    expect(blocked(state)).toContainEqual(`K3033 service:lab-wiki/app ${message}`);
    expect(planText(state)).not.toContain("create-containers");
    expect(blocked(simulated(state))).toEqual(blocked(state));
  });

  test("with a new volume in its place, which is not made", () => {
    const state = wanting(filled, { wiki: wiki({ volumes: ["data"] }, { volumes: { data: "1" } }) });
    expect(planText(state)).toMatchInlineSnapshot(`
      "! service:lab-wiki/app [K3023] lab-wiki/app waits for volume lab-wiki_data, which is blocked
      ! volume:lab-wiki_data [K3033] volume lab-wiki_data would be new and empty, while /data/wiki/data, with the data of wiki/app, is left behind
      "
    `);
    expect(planOf(state).blocked.find(({ code }) => code === "K3033")?.hint).toBe(
      "To keep the data: mount `./data` as before. To begin with an empty one: keelson renew wiki --environment lab --node lab-1",
    );
    expect(planText(simulated(state))).toBe(planText(state));
  });

  test("under another name, while what had it goes", () => {
    const renamed = { services: { app2: {} }, networks: {} };
    expect(blocked(wanting(filled, { wiki: renamed }))).toContainEqual(
      "K3033 service:lab-wiki/app2 lab-wiki/app2 is new, while /data/wiki/data has the data of wiki/app",
    );
  });

  test("also where the folder is gone", () => {
    const gone = changed(filled, (copy) => {
      Object.assign(found(copy, "data"), { state: "absent" });
    });
    expect(blocked(wanting(gone, { wiki: wiki() }))).toContainEqual(
      "K3033 service:lab-wiki/app lab-wiki/app would run without /data/wiki/data, which had its data and is gone",
    );
  });

  test("also where another one goes on using it", () => {
    const services = { app: {}, other: {} };
    const both = { services, networks: {}, folders: [{ ...data, services: ["app", "other"] }] };
    const state = withData(applied(node({ wiki: both })));
    const next = { ...both, folders: [{ ...data, services: ["other"] }] };
    expect(blocked(wanting(state, { wiki: next }))).toEqual([`K3033 service:lab-wiki/app ${without}`]);
    const reads = { ...both, folders: [{ ...data, services: ["app:ro", "other"] }] };
    expect(blocked(wanting(withData(applied(node({ wiki: reads }))), { wiki: next }))).toEqual([]);
  });
});

describe("a service begins without its data folder", () => {
  test("once a person says so, and is never asked about it again", () => {
    const next = wiki({ memory: ["/data"] }, { renew: 1 });
    const state = wanting(filled, { wiki: next });
    expect(blocked(state)).toEqual([]);
    const after = simulated(state);
    expect(after.record.folders?.["/data/wiki/data"]?.state).toBe("given-up");
    expect(after.record.renewed).toEqual({ wiki: 1 });
    expect(planText(after)).toBe("nothing to do\n");
    const more = { ...next, services: { app: { image: "app:2" } } };
    expect(blocked(wanting(after, { wiki: more }))).toEqual([]);
  });

  test("where nothing was in it", () => {
    const empty = changed(filled, (copy) => {
      Object.assign(found(copy, "data"), { state: "empty" });
      Object.assign(copy.record.folders?.["/data/wiki/data"] ?? {}, { wasFilled: false });
    });
    expect(blocked(wanting(empty, { wiki: wiki() }))).toEqual([]);
  });

  test("where agent.yaml names another place to which a person has moved the data", () => {
    const moved = changed(filled, (copy) => {
      Object.assign(found(copy, "data"), { path: "/srv/wiki/data" });
      copy.observed.dataFolders?.push({
        ...found(filled, "data"),
        state: "absent",
        isFormer: true,
      });
    });
    expect(blocked(wanting(moved, { wiki: wiki({ image: "app:2" }, { folders: [data] }) }))).toEqual([]);
  });

  test("where it gets a folder beside it, or what is committed over a part of it", () => {
    const beside = wiki({ memory: ["/tmp"], binds: ["/data/conf"] }, { folders: [data] });
    expect(blocked(wanting(filled, { wiki: beside }))).toEqual([]);
  });
});

describe("a place that agent.yaml names for an instance", () => {
  const atPlace = simulated(
    changed(filled, (copy) => {
      copy.observed.dataDir = { path: "/data", isMarked: true };
      Object.assign(found(copy, "data"), { path: "/disk/data" });
      copy.record.folders = Object.fromEntries(
        Object.entries(copy.record.folders ?? {}).map(([, folder]) => ["/disk/data", folder]),
      );
    }),
  );
  const withPlace = (state: ObservedDataFolder["state"]) =>
    changed(atPlace, (copy) => {
      Object.assign(found(copy, "data"), { state });
      const place = { instance: "wiki", source: "new", path: "/disk/new" };
      copy.observed.dataFolders?.push({ ...place, state: "absent", files: {}, fault: null });
    });
  const next = { wiki: wiki({}, { folders: [data, { source: "new", services: ["app"] }] }) };

  test("gets no new folder while the data is gone that was there: its disk may not be mounted", () => {
    for (const state of ["absent", "empty"] as const)
      expect(blocked(wanting(withPlace(state), next))).toContainEqual(
        "K3032 folder:lab-wiki/new nothing is left in /disk of the data that this node had there, and /disk/new is not there",
      );
    const renewed = { wiki: { ...next.wiki, renew: 1 } };
    expect(blocked(wanting(withPlace("absent"), renewed))).toEqual([]);
  });

  test("gets one beside data that is there", () => {
    expect(blocked(wanting(withPlace("filled"), next))).toEqual([]);
  });

  test("is one instance's only: who has run with the data keeps it", () => {
    const shared = changed(atPlace, (copy) => {
      copy.observed.dataFolders?.push({ ...found(copy, "data"), instance: "book" });
    });
    const both = { book: wiki({}, { folders: [data] }), wiki: wiki({}, { folders: [data] }) };
    expect(blocked(wanting(shared, both))).toContainEqual(
      "K1435 folder:lab-book/data data of book and data of wiki would both be /disk/data",
    );
    expect(blocked(wanting(shared, both)).join("\n")).not.toContain("folder:lab-wiki");
  });
});

describe("the folder of an instance that goes", () => {
  const next = { wiki2: wiki({}, { package: "elsewhere", folders: [data] }) };

  test("keeps another package's service of that name and source from beginning empty", () => {
    const state = wanting(filled, next);
    expect(planText(state)).toMatchInlineSnapshot(`
      "! folder:lab-wiki2/data [K3033] data folder data of wiki2 would be new and empty, while /data/wiki/data, with data, is left behind
      ! service:lab-wiki2/app [K3023] lab-wiki2/app waits for data folder data, which is blocked
      ? instance:wiki [K1438] instance wiki is held as it is: no revision desires it any more, and its removal is blocked (K3033)
      "
    `);
    expect(planOf(state).blocked.find(({ code }) => code === "K3033")?.hint).toBe(
      "To keep the data: `was: wiki` under instances.wiki2 in environment.yaml, or `dataFolders: { wiki2: /data/wiki }` in agent.yaml. To begin with an empty one: keelson renew wiki2 --environment lab --node lab-1",
    );
    expect(planText(simulated(state))).toBe(planText(state));
  });

  test("is the other one's with `was`", () => {
    const { wiki2 } = next;
    const seen = changed(filled, (copy) => {
      Object.assign(found(copy, "data"), { instance: "wiki2" });
    });
    expect(blocked(wanting(seen, { wiki2: { ...wiki2, was: "wiki" } }))).toEqual([]);
  });

  test("is nobody's once its instance is gone", () => {
    expect(blocked(wanting(simulated(wanting(filled, {})), next))).toEqual([]);
  });
});

test("an instance that takes the place of another by `was` leaves its own data behind", () => {
  const swapped = changed(filled, (copy) => {
    copy.observed.dataDir = { path: "/data", isMarked: true };
    const own = found(copy, "data");
    copy.observed.dataFolders = [
      { ...own, path: "/data/book/data", state: "absent" },
      { ...own, instance: "book" },
    ];
  });
  const next = {
    wiki: wiki({}, { folders: [data], was: "book" }),
    book: wiki({}, { folders: [data], was: "wiki" }),
  };
  expect(blocked(wanting(swapped, next)).map((line) => line.split(" ").slice(0, 2).join(" "))).toContain(
    "K3033 folder:lab-wiki/data",
  );
});
