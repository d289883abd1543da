import { describe, expect, test } from "vitest";

import { applied, changed, container, containerOf, node, planText } from "./fixture.ts";

const platform = (stores: string, more: object = {}) =>
  node({
    storage: { services: { db: { networks: ["stores"] }, backup: { networks: [] } }, networks: { stores } },
    core: {
      after: ["storage"],
      services: { app: { networks: ["default", "lab-storage_stores"] }, web: { dependsOn: ["app"] } },
      ...more,
    },
  });
const running = applied(platform("bridge"));

describe("a network", () => {
  test("whose definition changed is made anew when all of both instances are out of it", () => {
    expect(planText({ ...running, desired: platform("internal") })).toMatchInlineSnapshot();
  });

  test("is not made anew while somebody else is in it", () => {
    const state = changed({ ...running, desired: platform("internal") }, ({ observed }) => {
      observed.containers.push(container("guest", { networks: ["lab-storage_stores"], state: "exited" }));
    });
    expect(planText(state)).toMatchInlineSnapshot();
  });

  test("is not made anew while one of ours is in it that cannot be replaced", () => {
    const state = changed({ ...running, desired: platform("internal") }, ({ observed }) => {
      observed.containers.push(container("rival", { project: "lab-core", service: "app" }));
    });
    expect(planText(state)).toMatchInlineSnapshot();
  });

  test("takes those with it that were connected by hand", () => {
    const state = changed({ ...running, desired: platform("internal") }, (copy) => {
      containerOf(copy, "lab-core/web").networks.push("lab-storage_stores");
    });
    expect(planText(state)).toContain("web: network lab-storage_stores changed");
  });

  test("that was removed by hand is made again, and what was stopped is made anew", () => {
    const state = changed(running, (copy) => {
      copy.observed.networks = copy.observed.networks.filter(({ name }) => name !== "lab-core_default");
      for (const name of ["lab-core/app", "lab-core/web"]) {
        const each = containerOf(copy, name);
        Object.assign(each, { state: "exited", networks: each.networks.filter((network) => network !== "lab-core_default") });
      }
    });
    expect(planText(state)).toMatchInlineSnapshot();
  });

  test("of an instance that is staged only is made when another instance joins it", () => {
    const desired = node({
      storage: { state: "staged", services: { db: {} }, networks: { default: "x", stores: "x" } },
      core: { services: { app: { networks: ["lab-storage_stores"] } } , networks: {} },
    });
    const state = applied(desired);
    expect(state.observed.networks.map(({ name }) => name)).toEqual(["lab-storage_stores"]);
    expect(planText(state)).toBe("nothing to do\n");
  });
});
