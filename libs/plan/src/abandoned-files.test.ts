import { describe, expect, test } from "vitest";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import { applied, changed, container, simulated, unseen } from "./node-fixture.ts";
import { permitted, planOf, planText } from "./plan-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const web: InstanceSketch = {
  services: { web: {} },
  mounts: [{ source: "conf", services: ["web"], files: [{ to: "conf/key", secrets: ["sample.key"] }] }],
};
const other: InstanceSketch = { services: { app: {} } };
const third: InstanceSketch = { services: { app: {} } };
const platform = applied(node({ web, other, third }));
const without: SimulatedNode = { ...platform, desired: node({ other, third }) };
const [stored] = platform.observed.storedInstances;
const folder = stored?.folder ?? "";
const bound = `${folder}/${Object.keys(stored?.files ?? {})[0] ?? ""}`;

describe("the files of an instance that is desired no more", () => {
  test("go as a whole after its last container, and then there is nothing to do", () => {
    expect(planText(without)).toMatchInlineSnapshot(`
      "#1 remove-container service:lab-web/web (lab-web-web-1) [recreate]: is no longer desired
      #2 remove-network network:lab-web_default [live] after #1: is no longer desired
      #3 remove-files files:lab-web/{.} [live] after #1: is no longer desired
      "
    `);
    expect(planText(simulated(without))).toBe("nothing to do\n");
    expect(simulated(without).observed.storedInstances).toEqual([]);
  });

  test("wait for no container of another instance", () => {
    const both = { ...platform, desired: node({ other }), policy: permitted };
    const { operations } = planOf(both);
    const idOf = (resource: string) => operations.find((each) => each.resource === resource)?.id;
    const collection = operations.find(({ kind }) => kind === "remove-files");
    expect(idOf("service:lab-third/app")).toBeDefined();
    expect(collection?.after).toEqual([idOf("service:lab-web/web")]);
  });

  test("go when its containers have gone already, also when they cannot be seen", () => {
    const gone = changed(without, ({ observed }) => {
      observed.containers = observed.containers.filter(({ instance }) => instance !== "web");
      for (const each of observed.storedInstances) Object.assign(each, unseen("files"));
    });
    expect(planText(gone)).toContain("remove-files files:lab-web/{.} [live]: is no longer desired");
  });

  test("stay, as far as somebody else binds them, and that is told", () => {
    const old = "files/0123/old";
    const shared = changed(without, ({ observed }) => {
      observed.otherBinds = [bound, "/", "/somewhere/else"];
      observed.storedInstances[0]?.others.push(old);
    });
    expect(planText(shared)).toContain(`remove-files files:lab-web/{${old}}`);
    expect(planOf(shared).notices).toEqual([
      expect.objectContaining({
        code: "K5008",
        resource: "files:lab-web/",
        message: expect.stringContaining(bound),
      }),
    ]);
    expect(planText(simulated(shared))).not.toContain("remove-files");
  });

  test("stay with a container that is not ours, also in its own project", () => {
    const foreign = container("web/own", { ownership: "foreign", binds: [bound] });
    const shared = changed(without, ({ observed }) => void observed.containers.push(foreign));
    expect(planText(shared)).not.toContain("remove-files");
    expect(planOf(shared).notices.map(({ code }) => code)).toEqual(["K3020", "K5008"]);
  });

  test("stay while too many instances would go at once", () => {
    const most = { ...platform, desired: node({ third }) };
    expect(planOf(most).blocked.map(({ code }) => code)).toContain("K3030");
    expect(planText(most)).not.toContain("remove-files");
    // Not even what nothing binds: a job by a schedule has no container between its runs.
    const between = changed(most, ({ observed }) => {
      for (const each of observed.containers) each.binds = [];
      observed.storedInstances[0]?.others.push("files/0123/old");
    });
    expect(planText(between)).not.toContain("remove-files");
  });

  test("stay as they are where the instance asks for more than the node permits", () => {
    const { mounts: _none, ...bare } = web;
    const grants = [{ kind: "capabilities" as const, value: "NET_ADMIN", service: "web" }];
    const asking = { ...platform, desired: node({ web: { ...bare, grants }, other, third }) };
    const between = changed(asking, ({ observed }) => {
      for (const each of observed.containers) each.binds = [];
    });
    expect(planText(between)).not.toContain("remove-files");
    const policy = { allow: { capabilities: ["NET_ADMIN"] } };
    expect(planText({ ...between, policy })).toContain("remove-files files:lab-web/");
  });

  test("are not looked for in a folder where nothing of ours is", () => {
    const strange = changed(without, ({ observed }) => {
      observed.containers = observed.containers.filter(({ instance }) => instance !== "web");
      Object.assign(observed.storedInstances[0] ?? {}, { files: {}, others: [], applied: null });
    });
    expect(planText(strange)).not.toContain("remove-files");
  });

  test("go although there is only the Compose file, which nobody is to run any more", () => {
    const bare = changed(without, ({ observed }) => {
      observed.containers = observed.containers.filter(({ instance }) => instance !== "web");
      Object.assign(observed.storedInstances[0] ?? {}, {
        files: {},
        others: [],
        applied: null,
        hasModel: true,
      });
    });
    expect(planText(bare)).toContain("remove-files files:lab-web/{.} [live]: is no longer desired");
    expect(planText(simulated(bare))).toBe("nothing to do\n");
  });

  test("are told under the project that the instance had", () => {
    const bare = changed(without, ({ observed, record }) => {
      observed.containers = observed.containers.filter(({ instance }) => instance !== "web");
      Object.assign(record, { applied: { ...record.applied, services: { web: ["named/web"] } } });
    });
    expect(planText(bare)).toContain("remove-files files:named/{.}");
  });

  test("are no matter of who binds a folder above them", () => {
    const watched = changed(without, ({ observed }) => {
      observed.otherBinds = ["/", "/instances", folder.slice(0, -1)];
    });
    expect(planText(watched)).toContain("remove-files files:lab-web/{.}");
    expect(planOf(watched).notices).toEqual([]);
  });
});

test("the Compose file of an instance that is to be staged only goes with its containers, and only then", () => {
  const state = changed(applied(node({ web: third, other })), ({ observed }) => {
    observed.storedInstances.push({
      instance: "web",
      folder: "/instances/web",
      files: {},
      others: [],
      hasModel: true,
      applied: null,
      fault: null,
    });
  });
  expect(planText(state)).toBe("nothing to do\n");
  const staged = { ...state, desired: node({ web: { ...third, state: "staged" }, other }) };
  expect(planText(staged)).toContain("remove-files files:lab-web/{compose.json} [live]");
  expect(planText(simulated(staged))).toBe("nothing to do\n");
});

describe("what a killed placement left", () => {
  const left = (...paths: string[]) =>
    changed(platform, ({ observed }) => void observed.storedInstances[0]?.others.push(...paths));
  const live: InstanceSketch = {
    services: { web: {} },
    mounts: [{ source: "conf", services: ["web"], files: [{ to: "conf/key", onChange: "signal:HUP" }] }],
  };

  test("goes, and no program is told of it", () => {
    expect(planText(left(".staging-0123456789abcdef"))).toBe(
      "#1 remove-files files:lab-web/{.staging-0123456789abcdef} [live]: nothing uses them any more\n",
    );
    const generation = `live/conf/..${"a".repeat(32)}`;
    const state = changed(applied(node({ web: live })), ({ observed }) => {
      observed.storedInstances[0]?.others.push(generation);
    });
    expect(planText(state)).toBe(
      `#1 remove-files files:lab-web/{${generation}} [live]: nothing uses them any more\n`,
    );
    expect(planText(simulated(state))).toBe("nothing to do\n");
  });
});
