import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { applied, changed, container, containerOf } from "./node-fixture.ts";
import { planText } from "./plan-fixture.ts";

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
    expect(planText({ ...running, desired: platform("internal") })).toMatchInlineSnapshot(`
      "#1 stop-container service:lab-core/app (lab-core-app-1) [restart]: network lab-storage_stores changed
      #2 stop-container service:lab-storage/db (lab-storage-db-1) [restart] after #1: network lab-storage_stores changed
      #3 remove-network network:lab-storage_stores [recreate] after #2: its definition changed
      #4 create-network network:lab-storage_stores [recreate] after #3: its definition changed
      #5 create-containers service:lab-storage/db (forced) [recreate] after #4: db: network lab-storage_stores changed
      #6 start-service service:lab-storage/db [live] after #5: its containers are new
      #7 await-service service:lab-storage/db [live] after #6: until it runs
      #8 create-containers service:lab-core/app (forced) [recreate] after #7: app: network lab-storage_stores changed
      #9 start-service service:lab-core/app [live] after #8: its containers are new
      #10 await-service service:lab-core/app [live] after #9: until it runs
      "
    `);
  });

  test("is not made anew while somebody else is in it", () => {
    const state = changed({ ...running, desired: platform("internal") }, ({ observed }) => {
      observed.containers.push(container("guest", { networks: ["lab-storage_stores"], state: "exited" }));
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "! network:lab-storage_stores [K3013] the definition of network lab-storage_stores changed, but it cannot be made anew while container guest is in it
      ! service:lab-core/app [K3023] lab-core/app waits for network lab-storage_stores, which is blocked
      ! service:lab-storage/db [K3023] lab-storage/db waits for network lab-storage_stores, which is blocked
      ? container:guest [K3020] container guest is not Keelson's; it is left alone
      "
    `);
  });

  test("is not made anew while a container is in it that is nobody's business otherwise", () => {
    const state = changed({ ...running, desired: platform("internal") }, ({ observed }) => {
      const networkId = observed.networks.find(({ name }) => name === "lab-storage_stores")?.id ?? "";
      observed.otherMembers = [
        { networkId: "another", container: "elsewhere" },
        { networkId, container: "guest" },
      ];
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "! network:lab-storage_stores [K3013] the definition of network lab-storage_stores changed, but it cannot be made anew while container guest is in it
      ! service:lab-core/app [K3023] lab-core/app waits for network lab-storage_stores, which is blocked
      ! service:lab-storage/db [K3023] lab-storage/db waits for network lab-storage_stores, which is blocked
      "
    `);
  });

  test("names the one who is in the way, and not those who wait for it", () => {
    const state = changed({ ...running, desired: platform("internal") }, ({ observed }) => {
      observed.containers.push(container("zz-guest", { networks: ["lab-storage_stores"] }));
    });
    expect(planText(state)).toContain("while container zz-guest is in it");
  });

  test("is not made anew while one of ours is in it that cannot be replaced", () => {
    const state = changed({ ...running, desired: platform("internal") }, ({ observed }) => {
      observed.containers.push(container("rival", { project: "lab-core", service: "app" }));
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "! network:lab-storage_stores [K3013] the definition of network lab-storage_stores changed, but it cannot be made anew while container lab-core-app-1 is in it
      ! service:lab-core/app [K3021] container rival stands in the place of lab-core/app and is not this node's
      ! service:lab-storage/db [K3023] lab-storage/db waits for network lab-storage_stores, which is blocked
      ? container:rival [K3020] container rival is in the project lab-core and not Keelson's; it is left alone
      "
    `);
  });

  test("takes those with it that were connected by hand", () => {
    const state = changed({ ...running, desired: platform("internal") }, (copy) => {
      containerOf(copy, "lab-core/web").networks.push("lab-storage_stores");
    });
    expect(planText(state)).toContain("web: network lab-storage_stores changed");
  });

  test("in which a service is not found by its name is joined anew", () => {
    const state = changed(running, (copy) => {
      Object.assign(containerOf(copy, "lab-core/app"), { namelessIn: ["lab-storage_stores", "elsewhere"] });
    });
    expect(planText(state)).toContain("app: network lab-storage_stores does not know it as app");
    expect(planText(state)).not.toContain("elsewhere");
  });

  test("that was removed by hand is made again, and what was stopped is made anew", () => {
    const state = changed(running, (copy) => {
      copy.observed.networks = copy.observed.networks.filter(({ name }) => name !== "lab-core_default");
      for (const name of ["lab-core/app", "lab-core/web"]) {
        const each = containerOf(copy, name);
        Object.assign(each, {
          state: "exited",
          networks: each.networks.filter((network) => network !== "lab-core_default"),
        });
      }
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 create-network network:lab-core_default [live]: does not exist yet
      #2 create-containers service:lab-core/app (forced) [recreate] after #1: app: network lab-core_default is not connected
      #3 start-service service:lab-core/app [live] after #2: its containers are new
      #4 create-containers service:lab-core/web (forced) [recreate] after #3: web: network lab-core_default is not connected
      #5 await-service service:lab-core/app [live] after #3: until it runs
      #6 start-service service:lab-core/web [live] after #4: its containers are new
      #7 await-service service:lab-core/web [live] after #6: until it runs
      "
    `);
  });

  test("of an instance that is staged only is made when another instance joins it", () => {
    const desired = node({
      storage: { state: "staged", services: { db: {} }, networks: { default: "x", stores: "x" } },
      core: { services: { app: { networks: ["lab-storage_stores"] } }, networks: {} },
    });
    const state = applied(desired);
    expect(state.observed.networks.map(({ name }) => name)).toEqual(["lab-storage_stores"]);
    expect(planText(state)).toBe("nothing to do\n");
  });
});
