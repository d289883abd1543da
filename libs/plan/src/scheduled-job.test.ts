import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { applied, changed, simulated } from "./node-fixture.ts";
import { planOf, planText } from "./plan-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const web = { services: { app: {}, backup: { scheduled: true } } };

test("a job that has a schedule has its image and no container", () => {
  const state = applied(node({ web }));
  expect(planText(state)).toBe("nothing to do\n");
  expect(state.observed.containers.map(({ service }) => service)).toEqual(["app"]);
  const bare = changed(state, ({ observed }) => {
    observed.images["backup:1.0"] = null;
  });
  expect(planText(bare)).toBe("#1 pull-image image:backup:1.0 [live]: is not on the node\n");
  expect(planText(simulated(bare))).toBe("nothing to do\n");
});

test("a job that gets a schedule loses its container", () => {
  const before = applied(node({ web: { services: { app: {}, backup: { job: true } } } }));
  const after = { ...before, desired: node({ web }) };
  expect(planText(after)).toContain(
    "remove-container service:lab-web/backup (lab-web-backup-1) [recreate]: its service runs by a schedule now",
  );
  expect(planText(simulated(after))).toBe("nothing to do\n");
});

describe("while a job runs", () => {
  const other = { services: { app: {} } };
  const running = (state: SimulatedNode) =>
    changed(state, ({ record }) => void Object.assign(record, { jobsAtWork: ["lab-web/backup"] }));
  const upgraded = node({
    web: { services: { app: { image: "app:2" }, backup: { scheduled: true } } },
    other: { services: { app: { image: "app:2" } } },
  });
  const state = applied(node({ web, other }));

  test("no container of its instance is replaced, and one of another instance is", () => {
    const during = running({ ...state, desired: upgraded });
    expect(planText(during)).toContain("lab-other/app");
    expect(planOf(during).operations.filter(({ resource }) => resource.includes("lab-web/"))).toEqual([]);
    expect(planOf(during).blocked).toEqual([
      {
        resource: "service:lab-web/app",
        code: "K3046",
        message: "lab-web/app stays as it is while lab-web/backup runs by its schedule",
        hint: "It follows by itself when the run has ended.",
      },
    ]);
    const after = changed(simulated(during), ({ record }) => void Object.assign(record, { jobsAtWork: [] }));
    expect(planText(after)).toContain("create-containers service:lab-web/app");
    expect(planText(simulated(after))).toBe("nothing to do\n");
  });

  test.each([
    ["is to go", node({ other })],
    ["is to be installed only", node({ web: { ...web, state: "installed" }, other })],
    ["has fewer services", node({ web: { services: { more: {}, backup: { scheduled: true } } }, other })],
  ])("nothing is stopped or removed of an instance that %s", (_, desired) => {
    const plan = planOf(running({ ...state, desired }));
    expect(plan.blocked.map(({ code, resource }) => `${code} ${resource}`)).toContain(
      "K3046 service:lab-web/app",
    );
    const stopping = plan.operations.filter(({ kind }) => /^(?:remove|stop)-container$/.test(kind));
    expect(stopping).toEqual([]);
  });

  test("an instance that is to go is held because of the run", () => {
    const plan = planOf(running({ ...state, desired: node({ other }) }));
    expect(plan.notices).toEqual([
      {
        resource: "instance:web",
        code: "K1438",
        message:
          "instance web is held as it is: no revision desires it any more, and its removal is blocked (K3046)",
      },
    ]);
  });

  test("what is down comes up", () => {
    const down = changed(state, ({ observed }) => {
      const app = observed.containers.find(({ instance }) => instance === "web");
      Object.assign(app ?? {}, { state: "exited", exitCode: 1 });
    });
    expect(planText(running(down))).toContain("start-service service:lab-web/app");
    expect(planOf(running(down)).blocked).toEqual([]);
    // Where one too many would have to go for it, that one stays, and the other comes up all the same.
    const double = changed(down, ({ observed }) => {
      const app = observed.containers.find(({ instance }) => instance === "web");
      if (app !== undefined) observed.containers.push({ ...app, id: "second", name: "lab-web-app-2" });
    });
    expect(planOf(running(double)).operations.map(({ kind }) => kind)).toEqual([
      "start-service",
      "await-service",
    ]);
  });
});
