import { type KnownFolder, type ObservedDataFolder, digestBytes } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import type { FolderSketch } from "./folder-fixture.ts";
import { applied, changed, containerOf, simulated } from "./node-fixture.ts";
import { planOf, planText } from "./plan-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const config: FolderSketch = { source: "config", services: ["app"], files: { "app.conf": "1" } };
const data: FolderSketch = { source: "data", services: ["app"] };

function wiki(...folders: FolderSketch[]): Record<string, InstanceSketch> {
  return { wiki: { services: { app: {} }, networks: {}, folders } };
}

/** The same node, which is to have something else. */
function wanting(state: SimulatedNode, instances: Record<string, InstanceSketch>): SimulatedNode {
  return { ...state, desired: node(instances) };
}

/** What lies on the node, with a change; the file is that of the kept folder. */
function found(state: SimulatedNode, source: string): ObservedDataFolder {
  const folder = state.observed.dataFolders?.find((each) => each.source === source);
  if (folder === undefined) throw new Error(`no folder ${source}`);
  return folder;
}

function edited(state: SimulatedNode, contentDigest = "differs"): SimulatedNode {
  return changed(state, (copy) => {
    Object.assign(found(copy, "config").files["app.conf"] ?? {}, { contentDigest });
  });
}

function known({ record }: SimulatedNode, path: string): KnownFolder | undefined {
  return record.folders?.[path];
}

describe("data folders", () => {
  test("are made before what uses them, with the files that are kept in them", () => {
    const state = applied(node({ wiki: { services: {}, networks: {} } }));
    expect(planText(wanting(state, wiki(config, data)))).toMatchInlineSnapshot(`
      "#1 pull-image image:app:1.0 [live]: is not on the node
      #2 keep-folder folder:lab-wiki/config [live]: data folder config is not there yet; file config/app.conf is not placed yet
      #3 keep-folder folder:lab-wiki/data [live]: data folder data is not there yet
      #4 create-containers service:lab-wiki/app [live] after #1 #2 #3: app: no container yet
      #5 start-service service:lab-wiki/app [live] after #4: its containers are new
      #6 await-service service:lab-wiki/app [live] after #5: until it runs
      #7 record-files service:lab-wiki/app [live] after #5: its files are loaded
      "
    `);
  });

  test("need nothing once they are there", () => {
    expect(planText(applied(node(wiki(config, data))))).toBe("nothing to do\n");
  });

  test("become kept ones, and data folders again, and no container is made anew", () => {
    const state = applied(node(wiki({ ...config, files: {} })));
    const kept = wanting(state, wiki(config));
    expect(planText(kept)).toMatchInlineSnapshot(`
      "#1 keep-folder folder:lab-wiki/config [restart]: file config/app.conf is not placed yet
      #2 restart-container service:lab-wiki/app [restart] after #1: file config/app.conf was not loaded yet
      #3 await-service service:lab-wiki/app [live] after #2: until it runs
      #4 record-files service:lab-wiki/app [live] after #2: its files are loaded
      "
    `);
    expect(planText(wanting(simulated(kept), wiki({ ...config, files: {} })))).toMatchInlineSnapshot(`
      "#1 keep-folder folder:lab-wiki/config [restart]: file config/app.conf was dropped
      #2 restart-container service:lab-wiki/app [restart] after #1: file config/app.conf was dropped
      #3 await-service service:lab-wiki/app [live] after #2: until it runs
      #4 record-files service:lab-wiki/app [live] after #2: its files are loaded
      "
    `);
  });

  test("get their files again at once where they are empty and a person lets their users begin anew", () => {
    const { wiki: sketch } = wiki(config);
    const emptied = changed(applied(node(wiki(config))), (copy) => {
      Object.assign(found(copy, "config"), { state: "empty", files: {} });
    });
    const renewed = wanting(emptied, { wiki: { ...(sketch ?? { services: {} }), renew: 1 } });
    expect(planText(renewed)).toContain("keep-folder folder:lab-wiki/config [restart]: file config/app.conf");
    expect(planText(simulated(renewed))).toBe("nothing to do\n");
  });

  test("are made of what the node has where another instance was", () => {
    const state = applied(node({ wiki: { services: {}, networks: {} } }));
    const { wiki: sketch } = wiki(data);
    const renamed = wanting(state, {
      book: { ...(sketch ?? { services: {} }), package: "wiki", was: "wiki" },
    });
    const [folder] = planOf(renamed).operations.filter(({ kind }) => kind === "keep-folder");
    expect(folder).toMatchObject({ instance: "book", was: "wiki" });
  });
});

describe("a kept file", () => {
  const state = applied(node(wiki(config)));
  const next = wiki({ ...config, files: { "app.conf": "2" } });

  test("that a commit changes is put in the place of what was placed last, and its service restarts", () => {
    expect(planText(wanting(state, next))).toMatchInlineSnapshot(`
      "#1 keep-folder folder:lab-wiki/config [restart]: file config/app.conf changed
      #2 restart-container service:lab-wiki/app [restart] after #1: file config/app.conf changed
      #3 await-service service:lab-wiki/app [live] after #2: until it runs
      #4 record-files service:lab-wiki/app [live] after #2: its files are loaded
      "
    `);
    expect(planText(simulated(wanting(state, next)))).toBe("nothing to do\n");
  });

  test.each([
    ["none" as const, "#1 keep-folder folder:lab-wiki/config [live]: file config/app.conf changed"],
    ["signal:HUP" as const, "#1 keep-folder folder:lab-wiki/config [reload]: file config/app.conf changed"],
  ])("is told to its service as `files` says: %s", (onChange, first) => {
    const quiet = applied(node(wiki({ ...config, onChange })));
    const text = planText(wanting(quiet, wiki({ ...config, onChange, files: { "app.conf": "2" } })));
    expect(text.split("\n")[0]).toBe(first);
    expect(text).not.toContain("restart");
  });

  test("that somebody has changed is told, and left as it is", () => {
    expect(planText(edited(state))).toBe(
      "? folder:lab-wiki/config [K3074] config/app.conf was changed on the node, in /data/wiki/config; it is left as it is\n",
    );
    const removed = changed(state, (copy) => {
      delete found(copy, "config").files["app.conf"];
    });
    expect(planText(removed)).toBe(
      "? folder:lab-wiki/config [K3074] config/app.conf was removed on the node, in /data/wiki/config; it is left as it is\n",
    );
  });

  test("that somebody has changed is not overwritten by a commit, and nothing is made anew with it", () => {
    const { wiki: sketch } = next;
    const both = { wiki: { ...sketch, services: { app: { image: "app:2.0" } } } };
    expect(planText(wanting(edited(state), both))).toMatchInlineSnapshot(`
      "! folder:lab-wiki/config [K3070] the commit has another config/app.conf than /data/wiki/config/app.conf, which Keelson did not place like that; it is not overwritten
      ! service:lab-wiki/app [K3023] lab-wiki/app waits for data folder config, which is blocked
      "
    `);
    expect(planText(wanting(edited(state), next))).not.toContain("restart");
  });

  test("that lies there as the commit wants it is the commit's from then on", () => {
    const same = wanting(edited(state, digestBytes("2")), next);
    expect(planText(same)).toMatchInlineSnapshot(`
      "#1 restart-container service:lab-wiki/app [restart]: file config/app.conf changed
      #2 await-service service:lab-wiki/app [live] after #1: until it runs
      #3 record-files service:lab-wiki/app [live] after #1: its files are loaded
      "
    `);
    expect(known(simulated(same), "/data/wiki/config")?.placed["app.conf"]?.content).toBe(digestBytes("2"));
  });

  test("of a folder that has one from before is not overwritten either", () => {
    const before = applied(node(wiki({ ...config, files: {} })));
    const own = changed(before, (copy) => {
      const file = { contentDigest: "differs", mode: 0o600, uid: 1, gid: 1 };
      found(copy, "config").files["app.conf"] = file;
    });
    expect(planText(wanting(own, wiki(config)))).toContain("K3070");
  });

  test("that Git has no more goes as it was placed, and stays as somebody has changed it", () => {
    const without = wiki({ ...config, files: {} });
    expect(planText(wanting(state, without))).toMatchInlineSnapshot(`
      "#1 keep-folder folder:lab-wiki/config [restart]: file config/app.conf was dropped
      #2 restart-container service:lab-wiki/app [restart] after #1: file config/app.conf was dropped
      #3 await-service service:lab-wiki/app [live] after #2: until it runs
      #4 record-files service:lab-wiki/app [live] after #2: its files are loaded
      "
    `);
    const staying = wanting(edited(state), without);
    expect(planText(staying)).toMatchInlineSnapshot(`
      "#1 record-files service:lab-wiki/app [live]: its files are loaded
      ? folder:lab-wiki/config [K3075] config/app.conf is not in Git any more, and was changed on the node: it stays, in /data/wiki/config
      "
    `);
    expect(planText(simulated(staying))).toBe("nothing to do\n");
  });

  test("that is a seed is its program's once it is there", () => {
    const seed = applied(node(wiki({ ...config, onChange: "seed" })));
    const again = wiki({ ...config, onChange: "seed", files: { "app.conf": "2" } });
    expect(planText(wanting(edited(seed), again))).toBe("nothing to do\n");
  });

  test("gets another mode by a commit", () => {
    expect(planText(wanting(state, wiki({ ...config, mode: 0o755 })))).toContain(
      "keep-folder folder:lab-wiki/config [restart]: file config/app.conf changed",
    );
  });
});

describe("a data folder that is lost", () => {
  const state = applied(node(wiki(config, data)));
  const without = (sources: string[], how: "absent" | "empty") =>
    changed(state, (copy) => {
      for (const source of sources) Object.assign(found(copy, source), { state: how, files: {} });
    });

  test("is not made anew, and nothing is started with it", () => {
    const gone = changed(without(["data"], "absent"), (copy) => {
      Object.assign(containerOf(copy, "lab-wiki/app"), { state: "exited", exitCode: 137 });
    });
    expect(planText(gone)).toMatchInlineSnapshot(`
      "! folder:lab-wiki/data [K3032] data folder /data/wiki/data is gone, and this node knows that it had data; no empty one is made in its place
      ! service:lab-wiki/app [K3023] lab-wiki/app waits for data folder data, which is blocked
      "
    `);
  });

  test("is lost, too, where it is empty and was not", () => {
    expect(planText(without(["config"], "empty"))).toContain("data folder /data/wiki/config is empty");
    const unused = changed(without(["data"], "empty"), (copy) => {
      Object.assign(known(copy, "/data/wiki/data") ?? {}, { wasFilled: false });
    });
    expect(planText(unused)).toBe("nothing to do\n");
  });

  test("is made anew once a person says so, and not a second time", () => {
    const gone = without(["config", "data"], "absent");
    const { wiki: sketch } = wiki(config, data);
    const renewed = wanting(gone, { wiki: { ...(sketch ?? { services: {} }), renew: 1 } });
    expect(planText(renewed)).toMatchInlineSnapshot(`
      "#1 keep-folder folder:lab-wiki/config [restart]: data folder config is missing; file config/app.conf changed
      #2 keep-folder folder:lab-wiki/data [live]: data folder data is missing
      #3 restart-container service:lab-wiki/app [restart] after #1 #2: data folder config is missing; data folder data is missing
      #4 await-service service:lab-wiki/app [live] after #3: until it runs
      "
    `);
    const after = simulated(renewed);
    expect(planText(after)).toBe("nothing to do\n");
    const again = changed(after, (copy) => {
      Object.assign(found(copy, "data"), { state: "absent" });
    });
    expect(planText(again)).toContain("K3032");
  });

  test("may be missing where nothing has ever run with it", () => {
    const unused = changed(without(["data"], "absent"), (copy) => {
      copy.observed.containers = [];
      Object.assign(known(copy, "/data/wiki/data") ?? {}, { users: [] });
    });
    expect(planText(unused)).toContain(
      "keep-folder folder:lab-wiki/data [live]: data folder data is missing",
    );
  });

  test("may be on a disk that is not mounted: no other one is made there either", () => {
    const unmounted = changed(without(["config", "data"], "absent"), (copy) => {
      copy.observed.dataDir = { path: "/data", isMarked: false };
      const cache = { instance: "wiki", source: "cache", path: "/data/wiki/cache" };
      copy.observed.dataFolders?.push({ ...cache, state: "absent", files: {}, fault: null });
    });
    const wanted = wanting(unmounted, wiki(config, data, { source: "cache", services: ["app"] }));
    expect(planText(wanted)).toMatchInlineSnapshot(`
      "! folder:lab-wiki/cache [K3032] /data is not the folder in which this node had its data: Keelson's mark is not in it, and /data/wiki/cache is not there
      ! folder:lab-wiki/config [K3032] /data is not the folder in which this node had its data: Keelson's mark is not in it, and /data/wiki/config is not there
      ! folder:lab-wiki/data [K3032] /data is not the folder in which this node had its data: Keelson's mark is not in it, and /data/wiki/data is not there
      ! service:lab-wiki/app [K3023] lab-wiki/app waits for data folder cache, which is blocked
      "
    `);
  });

  test("is none where the data is there, and only the mark is missing: it is marked again", () => {
    const unmarked = changed(state, (copy) => {
      copy.observed.dataDir = { path: "/data", isMarked: false };
      Object.assign(found(copy, "data"), { state: "filled" });
    });
    expect(planText(unmarked)).toMatchInlineSnapshot(`
      "#1 keep-folder folder:lab-wiki/config [live]: /data is not marked yet
      #2 keep-folder folder:lab-wiki/data [live]: /data is not marked yet
      "
    `);
    expect(planText(simulated(unmarked))).toBe("nothing to do\n");
  });

  test("cannot be told from one that cannot be seen", () => {
    const unseen = changed(state, (copy) => {
      const fault = { code: "K4003", message: "cannot see /data/wiki/data", hint: "Look." };
      Object.assign(found(copy, "data"), { state: "other", fault });
    });
    const { wiki: sketch } = wiki(config, data);
    const both = { wiki: { ...sketch, services: { app: { image: "app:2.0" } } } };
    expect(planText(wanting(unseen, both))).toMatchInlineSnapshot(`
      "! folder:lab-wiki/data [K4003] cannot see /data/wiki/data
      ! service:lab-wiki/app [K3023] lab-wiki/app waits for data folder data, which is blocked
      "
    `);
    expect(known(simulated(unseen), "/data/wiki/data")).toEqual(known(state, "/data/wiki/data"));
  });
});

describe("a data folder that would be left behind", () => {
  const filled = changed(applied(node(wiki(data))), (copy) => {
    Object.assign(found(copy, "data"), { state: "filled" });
  });
  const { wiki: sketch = { services: {} } } = wiki(data);

  test("keeps another instance from beginning empty, and goes on as it is", () => {
    const renamed = wanting(filled, { book: { ...sketch, package: "wiki" } });
    expect(planText(renamed)).toMatchInlineSnapshot(`
      "! folder:lab-book/data [K3033] data folder data of book would be new and empty, while /data/wiki/data, with data, is left behind
      ! service:lab-book/app [K3023] lab-book/app waits for data folder data, which is blocked
      ? instance:wiki [K1438] instance wiki is held as it is: no revision desires it any more, and its removal is blocked (K3033)
      "
    `);
    expect(planText(simulated(renamed))).toBe(planText(renamed));
  });

  test("keeps its service from beginning with another one", () => {
    const moved = wanting(filled, wiki({ ...data, source: "appdata" }));
    expect(planText(moved)).toMatchInlineSnapshot(`
      "! folder:lab-wiki/appdata [K3033] data folder appdata of wiki would be new and empty, while /data/wiki/data, with data, is left behind
      ! service:lab-wiki/app [K3023] lab-wiki/app waits for data folder appdata, which is blocked
      "
    `);
    expect(planOf(moved).blocked[0]?.hint).toContain("To keep the data: bind ./data as before.");
    expect(planText(simulated(moved))).toBe(planText(moved));
  });

  test("is left once a person says so, and is never asked about again", () => {
    const moved = { wiki: { ...sketch, folders: [{ ...data, source: "appdata" }], renew: 1 } };
    const after = simulated(wanting(filled, moved));
    expect(known(after, "/data/wiki/data")?.state).toBe("given-up");
    const more = { wiki: { ...moved.wiki, folders: [{ ...data, source: "other" }] } };
    expect(planText(wanting(after, more))).not.toContain("/data/wiki/data");
  });

  test("stays when its instance goes, and the plan says where", () => {
    expect(planText(wanting(filled, {}))).toMatchInlineSnapshot(`
      "#1 remove-container service:lab-wiki/app (lab-wiki-app-1) [recreate]: is no longer desired
      ? folder:lab-wiki/data [K3076] /data/wiki/data stays, with the data of wiki/app, although nothing uses it any more; keelson audit --orphans tells how to remove it
      "
    `);
    const removed = simulated(wanting(filled, {}));
    expect(known(removed, "/data/wiki/data")?.state).toBe("unused");
    expect(planText(wanting(removed, wiki(data)))).not.toContain("K3033");
  });
});

test("no folder is bound that lies in what a container may write, unless the node permits it", () => {
  const inner = { source: "data/inner", services: ["app:ro"] };
  const state = applied(node({ wiki: { services: {}, networks: {} } }));
  const wanted = wanting(state, wiki(data, inner));
  expect(planText(wanted)).toMatchInlineSnapshot(`
    "! folder:lab-wiki/data/inner [K3064] data/inner lies in data of wiki, where app may write: a link put in its place would lead the engine anywhere
    ! service:lab-wiki/app [K3023] lab-wiki/app waits for data folder data/inner, which is blocked
    "
  `);
  const policy = { allow: { nested: true } };
  expect(planText({ ...wanted, policy })).not.toContain("K3064");
  const read = wiki({ ...data, services: ["app:ro"] }, inner);
  expect(planText(wanting(state, read))).not.toContain("K3064");
});

test("what no commit has, such as the file of a secret, has to be put there", () => {
  const secret: FolderSketch = { source: "secrets/key", services: ["app:ro"], kind: "file" };
  const state = changed(applied(node({ wiki: { services: {}, networks: {} } })), (copy) => {
    const place = { instance: "wiki", source: "secrets/key", path: "/data/wiki/secrets/key" };
    copy.observed.dataFolders = [{ ...place, state: "absent", files: {}, fault: null }];
  });
  const wanted = wanting(state, wiki(secret));
  expect(planText(wanted)).toMatchInlineSnapshot(`
    "! folder:lab-wiki/secrets/key [K3073] secrets/key is not committed, and the node does not have it: /data/wiki/secrets/key
    ! service:lab-wiki/app [K3023] lab-wiki/app waits for data folder secrets/key, which is blocked
    "
  `);
  const there = changed(wanted, (copy) => {
    Object.assign(found(copy, "secrets/key"), { state: "file" });
  });
  expect(planOf(there).blocked).toEqual([]);
});

test("a link, or a folder in the place of a file, is not used", () => {
  const linked = changed(applied(node(wiki(data))), (copy) => {
    Object.assign(found(copy, "data"), { state: "other" });
    copy.observed.containers = [];
  });
  expect(planText(linked)).toContain("K3072");
});
