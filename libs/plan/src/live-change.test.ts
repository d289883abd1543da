import { type OnChange } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { type FileSketch } from "./mount-fixture.ts";
import { applied, changed, containerOf, simulated } from "./node-fixture.ts";
import { planOf, planText } from "./plan-fixture.ts";
import { simulate } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** `web` reads the files, `api` depends on it and has none. */
function withFiles(...files: FileSketch[]) {
  return node({
    core: {
      services: { web: { healthcheck: true }, api: { dependsOn: ["web:healthy"] } },
      mounts: [{ source: "conf", services: ["web"], files }],
    },
  });
}

function withFile(onChange: OnChange, content = "old") {
  return withFiles({ to: "conf/web.yml", onChange, content });
}

/** Overwrites, on disk, the one file of the mount. */
function edited(before: SimulatedNode): SimulatedNode {
  return changed(before, ({ observed }) => {
    for (const file of Object.values(observed.storedInstances[0]?.files ?? {}))
      file.contentDigest = "differs";
  });
}

describe("a changed file", () => {
  test.each<OnChange>(["none", "signal:HUP", { exec: ["reload", "now"] }, "restart", "recreate"])(
    "%j does nothing when it did not change",
    (onChange) => {
      expect(planText(applied(withFile(onChange)))).toBe("nothing to do\n");
    },
  );

  test("of class recreate makes the container anew, beside the old file, and then clears away", () => {
    expect(planText({ ...applied(withFile("recreate")), desired: withFile("recreate", "new") }))
      .toMatchInlineSnapshot(`
        "#1 place-files files:lab-core/conf [live]: file conf/web.yml is not placed yet
        #2 create-containers service:lab-core/web [recreate] after #1: web: file conf/web.yml changed
        #3 start-service service:lab-core/web [live] after #2: its containers are new
        #4 await-service service:lab-core/web [live] after #3: until it is healthy
        #5 remove-files files:lab-core/{files/ab31e5b5/conf/web.yml} [live] after #4: nothing uses them any more
        "
      `);
  });

  test("of class restart restarts the service that mounts it, and no other", () => {
    expect(planText({ ...applied(withFile("restart")), desired: withFile("restart", "new") }))
      .toMatchInlineSnapshot(`
        "#1 place-files files:lab-core/conf [restart]: file conf/web.yml changed
        #2 restart-container service:lab-core/web [restart] after #1: file conf/web.yml changed
        #3 await-service service:lab-core/web [live] after #2: until it is healthy
        #4 record-files service:lab-core/web [live] after #2: its files are loaded
        "
      `);
  });

  test("with a signal reloads it", () => {
    expect(planText({ ...applied(withFile("signal:HUP")), desired: withFile("signal:HUP", "new") }))
      .toMatchInlineSnapshot(`
        "#1 place-files files:lab-core/conf [reload]: file conf/web.yml changed
        #2 signal-container service:lab-core/web HUP [reload] after #1: file conf/web.yml changed
        #3 record-files service:lab-core/web [live] after #2: its files are loaded
        "
      `);
  });

  test("with a command runs it", () => {
    const onChange = { exec: ["nginx", "-s", "reload"] };
    expect(planText({ ...applied(withFile(onChange)), desired: withFile(onChange, "new") }))
      .toMatchInlineSnapshot(`
        "#1 place-files files:lab-core/conf [reload]: file conf/web.yml changed
        #2 exec-in-container service:lab-core/web ["nginx","-s","reload"] [reload] after #1: file conf/web.yml changed
        #3 record-files service:lab-core/web [live] after #2: its files are loaded
        "
      `);
  });

  test("of class none is only placed", () => {
    expect(planText({ ...applied(withFile("none")), desired: withFile("none", "new") }))
      .toMatchInlineSnapshot(`
        "#1 place-files files:lab-core/conf [live]: file conf/web.yml changed
        #2 record-files service:lab-core/web [live] after #1: its files are loaded
        "
      `);
  });

  test("is placed, and nothing more, under a container that is replaced anyway", () => {
    const desired = node({
      core: {
        services: {
          web: { healthcheck: true, image: "web:1.1" },
          api: { dependsOn: ["web:healthy"] },
        },
        mounts: [
          {
            source: "conf",
            services: ["web"],
            files: [{ to: "conf/web.yml", onChange: "signal:HUP", content: "new" }],
          },
        ],
      },
    });
    expect(planText({ ...applied(withFile("signal:HUP")), desired })).toMatchInlineSnapshot(`
      "#1 pull-image image:web:1.1 [live]: is not on the node
      #2 place-files files:lab-core/conf [reload] after #1: file conf/web.yml changed
      #3 create-containers service:lab-core/web [recreate] after #2: web: image 1.0 → 1.1
      #4 start-service service:lab-core/web [live] after #3: its containers are new
      #5 await-service service:lab-core/web [live] after #4: until it is healthy
      #6 record-files service:lab-core/web [live] after #4: its files are loaded
      "
    `);
  });

  test("is read by a container that has to be started anyway", () => {
    const state = changed(applied(withFile("signal:HUP")), (copy) => {
      containerOf(copy, "lab-core/web").state = "exited";
    });
    expect(planText({ ...state, desired: withFile("signal:HUP", "new") })).toMatchInlineSnapshot(`
      "#1 place-files files:lab-core/conf [live]: file conf/web.yml changed
      #2 start-service service:lab-core/web [live] after #1: is not running (exit code 0)
      #3 await-service service:lab-core/web [live] after #2: until it is healthy
      #4 record-files service:lab-core/web [live] after #2: its files are loaded
      "
    `);
  });

  test("reaches a paused container once it goes on", () => {
    const paused = (onChange: OnChange) =>
      changed({ ...applied(withFile(onChange)), desired: withFile(onChange, "new") }, (copy) => {
        containerOf(copy, "lab-core/web").state = "paused";
      });
    expect(planText(paused("signal:HUP"))).toMatchInlineSnapshot(`
      "#1 place-files files:lab-core/conf [reload]: file conf/web.yml changed
      #2 start-service service:lab-core/web [live] after #1: is paused
      #3 await-service service:lab-core/web [live] after #2: until it is healthy
      #4 signal-container service:lab-core/web HUP [reload] after #2: file conf/web.yml changed
      #5 record-files service:lab-core/web [live] after #4: its files are loaded
      "
    `);
    expect(planText(paused("restart"))).toMatchInlineSnapshot(`
      "#1 place-files files:lab-core/conf [restart]: file conf/web.yml changed
      #2 start-service service:lab-core/web [live] after #1: is paused
      #3 restart-container service:lab-core/web [restart] after #2: file conf/web.yml changed
      #4 await-service service:lab-core/web [live] after #3: until it is healthy
      #5 record-files service:lab-core/web [live] after #3: its files are loaded
      "
    `);
  });

  test("reaches the replicas that stay when others are added", () => {
    const scaled = (replicas: number, onChange: OnChange, content: string) =>
      node({
        core: {
          services: { web: { replicas } },
          mounts: [{ source: "conf", services: ["web"], files: [{ to: "conf/a", onChange, content }] }],
        },
      });
    expect(planText({ ...applied(scaled(1, "restart", "old")), desired: scaled(2, "restart", "new") }))
      .toMatchInlineSnapshot(`
        "#1 place-files files:lab-core/conf [restart]: file conf/a changed
        #2 create-containers service:lab-core/web [live] after #1: web: 1 of 2 containers
        #3 start-service service:lab-core/web [live] after #2: its containers are new
        #4 restart-container service:lab-core/web [restart] after #3: file conf/a changed
        #5 await-service service:lab-core/web [live] after #4: until it runs
        #6 record-files service:lab-core/web [live] after #4: its files are loaded
        "
      `);
    expect(planText({ ...applied(scaled(1, "signal:HUP", "old")), desired: scaled(2, "signal:HUP", "new") }))
      .toMatchInlineSnapshot(`
        "#1 place-files files:lab-core/conf [reload]: file conf/a changed
        #2 create-containers service:lab-core/web [live] after #1: web: 1 of 2 containers
        #3 start-service service:lab-core/web [live] after #2: its containers are new
        #4 await-service service:lab-core/web [live] after #3: until it runs
        #5 signal-container service:lab-core/web HUP [reload] after #3: file conf/a changed
        #6 record-files service:lab-core/web [live] after #5: its files are loaded
        "
      `);
  });

  test("that was placed and not loaded, because the agent was killed, is loaded now", () => {
    const desired = withFile("signal:HUP", "new");
    const state = changed({ ...applied(withFile("signal:HUP")), desired }, ({ observed }) => {
      const [file] = Object.values(observed.storedInstances[0]?.files ?? {});
      Object.assign(file ?? {}, { contentDigest: desired.instances[0]?.mounts[0]?.files[0]?.contentDigest });
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 signal-container service:lab-core/web HUP [reload]: file conf/web.yml changed
      #2 record-files service:lab-core/web [live] after #1: its files are loaded
      "
    `);
  });

  test("with another mode or owner is placed again", () => {
    const state = changed(applied(withFile("none")), ({ observed }) => {
      for (const file of Object.values(observed.storedInstances[0]?.files ?? {})) file.mode = 0o777;
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 place-files files:lab-core/conf [live]: file conf/web.yml was changed by hand
      "
    `);
  });
});

describe("a file changed by hand", () => {
  test("in the content layout is put back, and the process that may have read it restarts", () => {
    expect(planText(edited(applied(withFile("recreate"))))).toMatchInlineSnapshot(`
      "#1 record-files service:lab-core/web [live]: it may have loaded what was changed by hand
      #2 place-files files:lab-core/conf [live] after #1: file conf/web.yml was changed by hand
      #3 restart-container service:lab-core/web [restart] after #2: file conf/web.yml was changed by hand
      #4 await-service service:lab-core/web [live] after #3: until it is healthy
      #5 record-files service:lab-core/web [live] after #3: its files are loaded
      "
    `);
  });

  test("in the live layout", () => {
    expect(planText(edited(applied(withFile("restart"))))).toMatchInlineSnapshot(`
      "#1 record-files service:lab-core/web [live]: it may have loaded what was changed by hand
      #2 place-files files:lab-core/conf [restart] after #1: file conf/web.yml was changed by hand
      #3 restart-container service:lab-core/web [restart] after #2: file conf/web.yml was changed by hand
      #4 await-service service:lab-core/web [live] after #3: until it is healthy
      #5 record-files service:lab-core/web [live] after #3: its files are loaded
      "
    `);
  });

  test("in the data layout", () => {
    expect(planText(edited(applied(withFile("signal:HUP"))))).toMatchInlineSnapshot(`
      "#1 record-files service:lab-core/web [live]: it may have loaded what was changed by hand
      #2 place-files files:lab-core/conf [reload] after #1: file conf/web.yml was changed by hand
      #3 signal-container service:lab-core/web HUP [reload] after #2: file conf/web.yml was changed by hand
      #4 record-files service:lab-core/web [live] after #3: its files are loaded
      "
    `);
  });

  test.each<OnChange>(["recreate", "restart", "signal:HUP"])("of class %s that is gone", (onChange) => {
    const state = changed(applied(withFile(onChange)), ({ observed }) => {
      for (const stored of observed.storedInstances) stored.files = {};
    });
    const text = planText(state);
    expect(text).toMatch(/place-files files:lab-core\/conf .*: file conf\/web.yml is missing\n/);
    // Where the folder itself was removed, the container is left with one that has no name any more.
    expect(text).toContain("restart-container service:lab-core/web [restart]");
  });

  test("is one of several that are gone: a signal is enough", () => {
    const desired = withFiles(
      { to: "conf/web.yml", onChange: "signal:HUP" },
      { to: "conf/more.yml", onChange: "signal:HUP" },
    );
    const state = changed(applied(desired), ({ observed }) => {
      for (const stored of observed.storedInstances) delete stored.files["live/conf/more.yml"];
    });
    expect(planText(state)).toContain("signal-container service:lab-core/web HUP [reload]");
    expect(planText(state)).not.toContain("restart");
  });

  test("that was added to a folder", () => {
    const state = changed(applied(withFile("signal:HUP")), ({ observed }) => {
      const [stored] = observed.storedInstances;
      const file = stored?.files["live/conf/web.yml"];
      if (file !== undefined && stored !== undefined) stored.files["live/conf/added"] = file;
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 record-files service:lab-core/web [live]: it may have loaded what was changed by hand
      #2 place-files files:lab-core/conf [reload] after #1: file conf/added was put there by hand
      #3 signal-container service:lab-core/web HUP [reload] after #2: file conf/added was put there by hand
      #4 record-files service:lab-core/web [live] after #3: its files are loaded
      "
    `);
  });
});

describe("a file that is being put right when the agent is killed", () => {
  test.each<OnChange>(["recreate", "restart", "signal:HUP", { exec: ["reload"] }])(
    "of class %j is still told of",
    (onChange) => {
      const state = edited(applied(withFile(onChange)));
      const { operations } = planOf(state);
      const placed = operations.findIndex(({ kind }) => kind === "place-files");
      const killed = { ...state, ...simulate(state, operations.slice(0, placed + 1)) };
      const next = planText(killed);
      expect(next).toMatch(/^#1 (restart|signal|exec)-/);
      expect(next).toContain("record-files");
      expect(planText(simulated(killed))).toBe("nothing to do\n");
    },
  );

  test("of class none is only put right", () => {
    expect(planText(edited(applied(withFile("none"))))).not.toContain("record-files");
  });
});

describe("a file dropped from the release", () => {
  test("leaves the folder, and the service is told", () => {
    const both = withFiles(
      { to: "conf/web.yml", onChange: "signal:HUP" },
      { to: "conf/old.yml", onChange: "signal:HUP" },
    );
    const desired = withFiles({ to: "conf/web.yml", onChange: "signal:HUP" });
    expect(planText({ ...applied(both), desired })).toMatchInlineSnapshot(`
      "#1 place-files files:lab-core/conf [reload]: file conf/old.yml was dropped
      #2 signal-container service:lab-core/web HUP [reload] after #1: file conf/old.yml was dropped
      #3 record-files service:lab-core/web [live] after #2: its files are loaded
      "
    `);
  });

  test("is cleared away with the whole folder once the container that mounts it is gone", () => {
    const desired = node({
      core: {
        services: {
          web: { healthcheck: true, environment: "no files" },
          api: { dependsOn: ["web:healthy"] },
        },
      },
    });
    expect(planText({ ...applied(withFile("signal:HUP")), desired })).toMatchInlineSnapshot(`
      "#1 create-containers service:lab-core/web [recreate]: web: environment added
      #2 start-service service:lab-core/web [live] after #1: its containers are new
      #3 await-service service:lab-core/web [live] after #2: until it is healthy
      #4 record-files service:lab-core/web [live] after #2: its files are loaded
      #5 remove-files files:lab-core/{live/conf/web.yml} [live] after #3 #4: nothing uses them any more
      "
    `);
  });

  test("stays as long as any container, whoever made it, mounts it", () => {
    const desired = node({ core: { services: { web: { environment: "no files" } } } });
    const state = changed({ ...applied(withFile("signal:HUP")), desired }, ({ observed }) => {
      const [first] = observed.containers;
      if (first !== undefined)
        observed.containers.push({
          ...first,
          id: "x",
          name: "x",
          ownership: "foreign",
          project: "",
          service: "",
          binds: ["/instances/core/live"],
        });
    });
    expect(planText(state)).not.toContain("remove-files");
  });

  test("waits for the removal of a service that mounted it", () => {
    const desired = node({ core: { services: { api: {} } } });
    expect(planText({ ...applied(withFile("signal:HUP")), desired })).toMatchInlineSnapshot(`
      "#1 remove-container service:lab-core/web (lab-core-web-1) [recreate]: is no longer desired
      #2 remove-files files:lab-core/{live/conf/web.yml} [live] after #1: nothing uses them any more
      "
    `);
  });
});

describe("what a program makes of a file that it may write", () => {
  const writable = (onChange: OnChange, content = "old") =>
    node({
      core: {
        services: { web: {} },
        mounts: [
          {
            source: "conf",
            services: ["web"],
            writable: true,
            files: [{ to: "conf/web.yml", onChange, content }],
          },
        ],
      },
    });
  const classes: OnChange[] = ["none", "signal:HUP", "restart", "recreate"];

  test.each(classes)("stays, with %j", (onChange) => {
    expect(planText(edited(applied(writable(onChange))))).toBe("nothing to do\n");
  });

  test.each(classes)("gives way to a new content, with %j", (onChange) => {
    const state = { ...edited(applied(writable(onChange))), desired: writable(onChange, "new") };
    expect(planOf(state).operations.map(({ kind }) => kind)).toContain("place-files");
    expect(planText(simulated(state))).toBe("nothing to do\n");
  });

  const removing = (state: ReturnType<typeof applied>) =>
    changed(state, ({ observed }) => {
      const [stored] = observed.storedInstances;
      if (stored !== undefined) stored.files = {};
    });

  test.each(classes)("is a file that is missing when it removes it, with %j", (onChange) => {
    expect(planText(removing(applied(writable(onChange))))).toContain("file conf/web.yml is missing");
  });

  test.each<OnChange>(["restart", "recreate"])(
    "is put back without a restart, after which it would be removed again, with %j",
    (onChange) => {
      const state = removing(applied(writable(onChange)));
      expect(planOf(state).operations.map(({ kind }) => kind)).toEqual(["place-files"]);
      expect(planText(simulated(state))).toBe("nothing to do\n");
    },
  );

  test("stays for good when it is a seed: neither another content in Git nor its own brings anything about", () => {
    const seeded = edited(applied(writable("seed")));
    expect(planText(seeded)).toBe("nothing to do\n");
    expect(planText({ ...seeded, desired: writable("seed", "new") })).toBe("nothing to do\n");
  });

  test("is placed again without a restart when it is a seed that is missing", () => {
    const state = removing(applied(writable("seed")));
    expect(planOf(state).operations.map(({ kind, class: of }) => [kind, of])).toEqual([
      ["place-files", "live"],
    ]);
    expect(planText(simulated(state))).toBe("nothing to do\n");
  });
});
