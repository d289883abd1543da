import type { ObservedEndpoint } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { applied, changed, container, containerOf, simulated } from "./node-fixture.ts";
import { planOf, planText } from "./plan-fixture.ts";

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
  test("whose definition changed is made anew, and the containers of both instances move to it", () => {
    expect(planText({ ...running, desired: platform("internal") })).toMatchInlineSnapshot(`
      "#1 remove-network network:lab-storage_stores [recreate]: its definition changed
      #2 create-network network:lab-storage_stores [recreate] after #1: its definition changed
      #3 connect-container service:lab-storage/db (lab-storage-db-1) to lab-storage_stores [reload] after #2: network lab-storage_stores changed
      #4 connect-container service:lab-core/app (lab-core-app-1) to lab-storage_stores [reload] after #2: network lab-storage_stores changed
      "
    `);
  });

  test("is taken from nobody before everything is staged, for whatever instance", () => {
    const services = { app: { networks: ["default", "lab-storage_stores"] }, web: { image: "web:2" } };
    expect(planText({ ...running, desired: platform("internal", { services }) })).toContain(
      "remove-network network:lab-storage_stores [recreate] after #1: its definition changed",
    );
    const nameless = changed({ ...running, desired: platform("bridge", { services }) }, (copy) => {
      const endpoints = { "lab-storage_stores": { names: ["other"], fixedAddresses: [] } };
      Object.assign(containerOf(copy, "lab-storage/db"), { endpoints });
    });
    expect(planText(nameless)).toContain(
      "connect-container service:lab-storage/db (lab-storage-db-1) to lab-storage_stores [reload] after #1:",
    );
  });

  test("is not made anew while somebody else is in it", () => {
    const state = changed({ ...running, desired: platform("internal") }, ({ observed }) => {
      observed.containers.push(container("guest", { networks: ["lab-storage_stores"], state: "exited" }));
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "! network:lab-storage_stores [K3013] the definition of network lab-storage_stores changed, but it cannot be made anew while container guest is in it
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
      "
    `);
  });

  test("names the one who is in the way, and not those who wait for it", () => {
    const state = changed({ ...running, desired: platform("internal") }, ({ observed }) => {
      observed.containers.push(container("zz-guest", { networks: ["lab-storage_stores"] }));
    });
    expect(planText(state)).toContain("while container zz-guest is in it");
  });

  test("is made anew when what has to be replaced has stopped, dependents first", () => {
    const replaced = platform("internal", {
      services: {
        app: { networks: ["default", "lab-storage_stores"], environment: "x" },
        web: { dependsOn: ["app"] },
      },
    });
    expect(planText({ ...running, desired: replaced })).toMatchInlineSnapshot(`
      "#1 stop-container service:lab-core/app (lab-core-app-1) [restart]: environment added
      #2 remove-network network:lab-storage_stores [recreate] after #1: its definition changed
      #3 create-network network:lab-storage_stores [recreate] after #2: its definition changed
      #4 connect-container service:lab-storage/db (lab-storage-db-1) to lab-storage_stores [reload] after #3: network lab-storage_stores changed
      #5 create-containers service:lab-core/app [recreate] after #4: app: environment added
      #6 start-service service:lab-core/app [live] after #5: its containers are new
      #7 await-service service:lab-core/app [live] after #6: until it runs
      "
    `);
    expect(planText(simulated({ ...running, desired: replaced }))).toBe("nothing to do\n");
  });

  test("is changed under a replica that stays while another one is replaced", () => {
    const many = (definition: string, environment: string) =>
      node({ core: { services: { many: { replicas: 2, environment } }, networks: { default: definition } } });
    const state = changed({ ...applied(many("1", "x")), desired: many("2", "x") }, (copy) => {
      containerOf(copy, "lab-core/many").digest = "older";
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 stop-container service:lab-core/many (lab-core-many-1) [restart]: its configuration changed
      #2 remove-network network:lab-core_default [recreate] after #1: its definition changed
      #3 create-network network:lab-core_default [recreate] after #2: its definition changed
      #4 connect-container service:lab-core/many (lab-core-many-2) to lab-core_default [reload] after #3: network lab-core_default changed
      #5 create-containers service:lab-core/many [recreate] after #4: many: its configuration changed
      #6 start-service service:lab-core/many [live] after #5: its containers are new
      #7 await-service service:lab-core/many [live] after #6: until it runs
      "
    `);
    expect(planText(simulated(state))).toBe("nothing to do\n");
  });

  test("is not made anew while one of ours is in it that could not be connected again", () => {
    const desired = node({
      storage: { services: { db: { replicas: 2 } }, networks: { default: "internal" } },
    });
    const one = applied(node({ storage: { services: { db: {} }, networks: { default: "bridge" } } }));
    const state = changed({ ...one, desired }, ({ observed }) => {
      observed.containers.push(container("rival", { project: "lab-storage", service: "db" }));
    });
    const plan = planOf(state);
    expect(plan.operations.filter(({ kind }) => kind === "remove-network")).toEqual([]);
    expect(plan.blocked).toContainEqual(
      expect.objectContaining({
        code: "K3013",
        message: expect.stringContaining("while container lab-storage-db-1 is in it"),
      }),
    );
  });

  test("is not made anew while one of ours is in it that cannot be replaced", () => {
    const replaced = platform("internal", {
      services: {
        app: { networks: ["default", "lab-storage_stores"], environment: "x" },
        web: { dependsOn: ["app"] },
      },
    });
    const state = changed({ ...running, desired: replaced }, ({ observed }) => {
      observed.containers.push(container("rival", { project: "lab-core", service: "app" }));
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "! network:lab-storage_stores [K3013] the definition of network lab-storage_stores changed, but it cannot be made anew while container lab-core-app-1 is in it
      ! service:lab-core/app [K3021] container rival stands in the place of lab-core/app and is not this node's
      ? container:rival [K3020] container rival is in the project lab-core and not Keelson's; it is left alone
      "
    `);
  });

  test("lets those go that were connected by hand, and does not connect them again", () => {
    const state = changed({ ...running, desired: platform("internal") }, (copy) => {
      containerOf(copy, "lab-core/web").networks.push("lab-storage_stores");
    });
    const [removal, ...others] = planOf(state).operations;
    expect(removal).toMatchObject({
      kind: "remove-network",
      members: ["lab-core/app", "lab-core/web", "lab-storage/db"].map((name) => containerOf(state, name).id),
    });
    expect(others.filter(({ resource }) => resource === "service:lab-core/web")).toEqual([]);
    expect(planText(simulated(state))).toBe("nothing to do\n");
  });

  test("is connected as Compose would do it", () => {
    const desired = structuredClone(platform("internal"));
    const core = desired.instances.find(({ name }) => name === "core");
    Object.assign(core?.compose ?? {}, {
      networks: { inner: { name: "lab-storage_stores", external: true } },
      services: {
        app: {
          image: "app:1",
          networks: {
            inner: {
              aliases: ["api", "app"],
              ipv4_address: "10.1.2.3",
              ipv6_address: "fd00::3",
              priority: 7,
            },
          },
        },
      },
    });
    const { operations } = planOf({ ...running, desired });
    expect(
      operations.find(({ kind, resource }) => kind === "connect-container" && resource.endsWith("/app")),
    ).toMatchObject({
      containerName: "lab-core-app-1",
      network: "lab-storage_stores",
      endpoint: {
        aliases: ["lab-core-app-1", "app", "api"],
        ipv4Address: "10.1.2.3",
        ipv6Address: "fd00::3",
        linkLocalAddresses: [],
      },
    });
  });

  test.each([
    { what: "links", service: { links: ["db"] } },
    { what: "an address of its card", service: { mac_address: "02:42:ac:11:65:43" } },
    { what: "a name of its interface", service: { networks: { inner: { interface_name: "eth7" } } } },
  ])("makes a container anew that has $what: only Compose can make one like it", ({ service }) => {
    const state = structuredClone({ ...running, desired: platform("internal") });
    const core = state.desired.instances.find(({ name }) => name === "core");
    Object.assign(core?.compose ?? {}, {
      networks: { inner: { name: "lab-storage_stores", external: true } },
      services: { app: { image: "app:1", networks: { inner: null }, ...service } },
    });
    const text = planText(state);
    expect(text).toContain("stop-container service:lab-core/app");
    expect(text).toContain("create-containers service:lab-core/app (forced) [recreate]");
    expect(text).toContain("connect-container service:lab-storage/db");
    expect(planText(simulated(state))).toBe("nothing to do\n");
  });

  test.each([
    { when: "the containers were out of it", isThere: true },
    { when: "it was removed", isThere: false },
  ])("whose change was broken off when $when has all of them in it after the next round", ({ isThere }) => {
    const state = changed({ ...running, desired: platform("internal") }, ({ observed }) => {
      for (const each of observed.containers) {
        each.networks = each.networks.filter((name) => name !== "lab-storage_stores");
      }
      if (!isThere) observed.networks = observed.networks.filter(({ name }) => name !== "lab-storage_stores");
    });
    const after = simulated(state);
    expect(after.observed.containers.map(({ id }) => id)).toEqual(
      running.observed.containers.map(({ id }) => id),
    );
    expect(containerOf(after, "lab-core/app").networks).toContain("lab-storage_stores");
    expect(planText(after)).toBe("nothing to do\n");
  });

  test("is joined by a job that is done only where it was made anew", () => {
    const wanted = (definition: string) =>
      node({ core: { services: { job: { oneShot: true } }, networks: { default: definition } } });
    const done = simulated(applied(wanted("1")));
    const lost = changed(done, (copy) => void (containerOf(copy, "lab-core/job").networks = []));
    expect(containerOf(done, "lab-core/job").state).toBe("exited");
    expect(planText(lost)).toBe("nothing to do\n");
    expect(planText({ ...done, desired: wanted("2") })).toContain("connect-container service:lab-core/job");
  });

  describe("in which a container is not as declared is joined anew", () => {
    const network = "lab-storage_stores";
    const whole = {
      names: ["app", "cache", "lab-core-app-1", "more"],
      fixedAddresses: ["10.9.0.5", "fd00::5"],
    };
    const joined = (endpoint: ObservedEndpoint) =>
      changed(running, (copy) => {
        const core = copy.desired.instances.find(({ name }) => name === "core");
        Object.assign(core?.compose ?? {}, {
          networks: { stores: { name: network } },
          services: {
            app: {
              networks: {
                stores: { aliases: ["cache"], ipv4_address: "10.9.0.5", ipv6_address: "fd00:0:0::0005" },
              },
            },
          },
        });
        Object.assign(containerOf(copy, "lab-core/app"), {
          endpoints: { [network]: endpoint, elsewhere: { names: [], fixedAddresses: [] } },
        });
      });

    test.each<[string, Partial<ObservedEndpoint>, string]>([
      ["no name of its service", { names: ["cache"] }, "does not know it as app"],
      ["an alias lost", { names: ["app", "lab-core-app-1"] }, "does not know it as cache"],
      ["another address", { fixedAddresses: ["10.9.0.6", "fd00::5"] }, "does not give it 10.9.0.5"],
      [
        "an address that the engine chose",
        { fixedAddresses: ["10.9.0.5"] },
        "does not give it fd00:0:0::0005",
      ],
    ])("%s", (_, endpoint, what) => {
      const state = joined({ ...whole, ...endpoint });
      expect(planText(state)).toBe(
        `#1 connect-container service:lab-core/app (lab-core-app-1) to ${network} [reload]: network ${network} ${what}\n`,
      );
      expect(planText(simulated(state))).toBe("nothing to do\n");
    });

    test("unless it is so, has more names, or the engine does not tell", () => {
      expect(planText(joined(whole))).toBe("nothing to do\n");
      expect(planText(joined({ ...whole, names: null }))).toBe("nothing to do\n");
    });
  });

  test("that was removed by hand is made again, and what was stopped is in it before it starts", () => {
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
      #2 connect-container service:lab-core/app (lab-core-app-1) to lab-core_default [live] after #1: network lab-core_default is not connected
      #3 start-service service:lab-core/app [live] after #2: is not running (exit code 0)
      #4 await-service service:lab-core/app [live] after #3: until it runs
      #5 connect-container service:lab-core/web (lab-core-web-1) to lab-core_default [live] after #1: network lab-core_default is not connected
      #6 start-service service:lab-core/web [live] after #3 #5: is not running (exit code 0)
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

test("a job that has done its work is connected again only where it is started with a further container", () => {
  const jobs = (replicas: number) => node({ core: { services: { job: { oneShot: true, replicas } } } });
  const lost = changed(applied(jobs(1)), (copy) => {
    Object.assign(containerOf(copy, "lab-core/job"), { networks: [] });
  });
  expect(planText(lost)).toBe("nothing to do\n");
  expect(planText({ ...lost, desired: jobs(2) })).toMatchInlineSnapshot(`
    "#1 connect-container service:lab-core/job (lab-core-job-1) to lab-core_default [live]: network lab-core_default is not connected
    #2 create-containers service:lab-core/job [live] after #1: job: 1 of 2 containers
    #3 start-service service:lab-core/job [live] after #2: its containers are new
    #4 await-service service:lab-core/job [live] after #3: until it has done its work
    "
  `);
});
