import { describe, expect, test } from "vitest";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import { applied, changed, container, containerOf } from "./node-fixture.ts";
import { planOf, planText, permitted } from "./plan-fixture.ts";

const storage: InstanceSketch = {
  services: { db: { volumes: ["data"] } },
  volumes: { data: "local" },
  networks: { stores: "x" },
};
const core: InstanceSketch = {
  after: ["storage"],
  services: {
    app: { dependsOn: ["cache"], networks: ["default", "lab-storage_stores"] },
    cache: {},
    nginx: { dependsOn: ["app"] },
  },
};
const mail: InstanceSketch = { services: { mail: {} } };
const platform = applied(node({ core, storage, mail }));

describe("what is no longer desired", () => {
  test("a service goes when those that depended on it are replaced", () => {
    const desired = node({
      core: {
        ...core,
        services: {
          app: { networks: ["default", "lab-storage_stores"], environment: "no cache" },
          nginx: { dependsOn: ["app"] },
        },
      },
      storage,
      mail,
    });
    expect(planText({ ...platform, desired })).toMatchInlineSnapshot(`
      "#1 create-containers service:lab-core/app [recreate]: app: environment added
      #2 remove-container service:lab-core/cache (lab-core-cache-1) [recreate] after #1: is no longer desired
      #3 start-service service:lab-core/app [live] after #1: its containers are new
      #4 await-service service:lab-core/app [live] after #3: until it runs
      "
    `);
  });

  test("a service gives up its port before it is taken", () => {
    const before = applied(
      node({ core: { services: { old: { ports: [80] }, web: { dependsOn: ["old"] } } } }),
    );
    const desired = node({
      core: { services: { new: { ports: [80] }, web: { dependsOn: ["new"], environment: "x" } } },
    });
    const state = changed({ ...before, desired }, ({ observed }) => {
      observed.heldPorts = [{ hostIp: "", port: 80, protocol: "tcp", container: "lab-core-old-1" }];
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 pull-image image:new:1.0 [live]: is not on the node
      #2 remove-container service:lab-core/old (lab-core-old-1) [recreate] after #1: is no longer desired
      #3 create-containers service:lab-core/new [live] after #1: new: no container yet
      #4 start-service service:lab-core/new [live] after #2 #3: its containers are new
      #5 create-containers service:lab-core/web [recreate] after #4: web: environment added
      #6 await-service service:lab-core/new [live] after #4: until it runs
      #7 start-service service:lab-core/web [live] after #5: its containers are new
      #8 await-service service:lab-core/web [live] after #7: until it runs
      "
    `);
  });

  test("an instance goes, dependents first, and its network, and its volumes stay", () => {
    const before = applied(
      node({
        core: {
          ...core,
          volumes: { cache: "x" },
          services: { ...core.services, cache: { volumes: ["cache"] } },
        },
        storage,
        mail,
      }),
    );
    expect(planText({ ...before, desired: node({ storage, mail }), policy: permitted }))
      .toMatchInlineSnapshot(`
        "#1 remove-container service:lab-core/nginx (lab-core-nginx-1) [recreate]: is no longer desired
        #2 remove-container service:lab-core/app (lab-core-app-1) [recreate] after #1: is no longer desired
        #3 remove-container service:lab-core/cache (lab-core-cache-1) [recreate] after #2: is no longer desired
        #4 remove-network network:lab-core_default [live] after #3: is no longer desired
        ? volume:lab-core_cache [K1436] volume lab-core_cache stays, with the data of core/cache, although nothing uses it any more; keelson audit --orphans tells how to remove it
        "
      `);
  });

  test("instances go in the reverse of the order in which they came", () => {
    const state = { ...platform, desired: node({ mail }), policy: permitted };
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 remove-container service:lab-core/nginx (lab-core-nginx-1) [recreate]: is no longer desired
      #2 remove-container service:lab-core/app (lab-core-app-1) [recreate] after #1: is no longer desired
      #3 remove-container service:lab-core/cache (lab-core-cache-1) [recreate] after #2: is no longer desired
      #4 remove-container service:lab-storage/db (lab-storage-db-1) [recreate] after #3: is no longer desired
      #5 remove-network network:lab-core_default [live] after #3: is no longer desired
      #6 remove-network network:lab-storage_stores [live] after #4: is no longer desired
      ? volume:lab-storage_data [K1436] volume lab-storage_data stays, with the data of storage/db, although nothing uses it any more; keelson audit --orphans tells how to remove it
      "
    `);
  });

  test("instances that had nothing to do with one another do not wait for one another", () => {
    const of = (name: string, state = platform) =>
      planOf({ ...state, desired: node({}), policy: permitted }).operations.find(
        ({ kind, resource }) => kind === "remove-container" && resource === `service:lab-${name}`,
      );
    expect(of("core/nginx")?.after).toEqual([]);
    expect(of("storage/db")?.after).toEqual([of("core/cache")?.id]);
    // A record of an earlier version has only the order in which they came.
    const older = changed(platform, ({ record }) => void delete record.applied?.requires);
    expect(of("core/nginx", older)?.after).toEqual([of("mail/mail", older)?.id]);
  });

  test("an instance that goes does so before the one that it required stops", () => {
    const state = {
      ...platform,
      desired: node({ storage: { ...storage, state: "installed" }, mail }),
      policy: permitted,
    };
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 remove-container service:lab-core/nginx (lab-core-nginx-1) [recreate]: is no longer desired
      #2 remove-container service:lab-core/app (lab-core-app-1) [recreate] after #1: is no longer desired
      #3 remove-container service:lab-core/cache (lab-core-cache-1) [recreate] after #2: is no longer desired
      #4 stop-container service:lab-storage/db (lab-storage-db-1) [restart] after #3: is to be installed, not running
      #5 remove-network network:lab-core_default [live] after #3: is no longer desired
      "
    `);
  });

  test("goes only when everything else is staged", () => {
    const desired = node({ storage, mail: { services: { mail: { image: "mail:2.0" } } } });
    expect(planText({ ...platform, desired, policy: permitted })).toMatch(
      /remove-container .*nginx.* after #1:/,
    );
  });
});

describe("the anonymous volumes of what goes", () => {
  const [volume, other] = ["a".repeat(64), "b".repeat(64)];
  const withVolumes = (state: typeof platform) =>
    changed(state, (copy) => {
      Object.assign(containerOf(copy, "lab-mail/mail"), { anonymousVolumes: [volume, other] });
      Object.assign(containerOf(copy, "lab-core/app"), { anonymousVolumes: [other] });
    });

  test("are told, with how to remove those that nobody else has", () => {
    const state = { ...withVolumes(platform), desired: node({ core, storage }), policy: permitted };
    expect(planOf(state).notices).toEqual([
      {
        resource: "container:lab-mail-mail-1",
        code: "K3047",
        message: `container lab-mail-mail-1 goes, and what it wrote into its anonymous volume stays, where nothing names it any more; if nobody needs it: docker volume rm ${volume}`,
      },
    ]);
  });

  test("are no matter where Compose makes the container anew, or where it may not go", () => {
    const anew = node({ core, storage, mail: { services: { mail: { environment: "x" } } } });
    expect(planOf({ ...withVolumes(platform), desired: anew }).notices).toEqual([]);
    const withheld = { ...withVolumes(platform), desired: node({ storage }) };
    expect(planOf(withheld).blocked.map(({ code }) => code)).toContain("K3030");
    expect(planOf(withheld).notices.filter(({ code }) => code !== "K1438")).toEqual([]);
  });
});

describe("a network that is no longer desired", () => {
  const before = applied(
    node({ core: { services: { app: { networks: ["a", "b"] } }, networks: { a: "1", b: "2" } } }),
  );
  const desired = node({ core: { services: { app: { networks: ["a"] } }, networks: { a: "1" } } });

  test("goes once its containers are replaced", () => {
    expect(planText({ ...before, desired })).toMatchInlineSnapshot(`
      "#1 create-containers service:lab-core/app [recreate]: app: networks changed
      #2 start-service service:lab-core/app [live] after #1: its containers are new
      #3 await-service service:lab-core/app [live] after #2: until it runs
      #4 remove-network network:lab-core_b [live] after #1: is no longer desired
      "
    `);
  });

  test("stays while somebody else is in it", () => {
    const state = changed({ ...before, desired }, ({ observed }) => {
      observed.containers.push(container("guest", { networks: ["lab-core_b"] }));
    });
    expect(planText(state)).not.toContain("remove-network");
  });

  test("stays while one of ours is in it that cannot be replaced", () => {
    const state = changed({ ...before, desired }, (copy) => {
      copy.observed.containers.push(container("rival", { project: "lab-core", service: "app" }));
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "! service:lab-core/app [K3021] container rival stands in the place of lab-core/app and is not this node's
      ? container:rival [K3020] container rival is in the project lab-core and not Keelson's; it is left alone
      "
    `);
  });

  test("is left alone when it is not ours", () => {
    const state = changed({ ...before, desired }, ({ observed }) => {
      for (const network of observed.networks)
        if (network.name === "lab-core_b") network.ownership = "forged";
    });
    expect(planText(state)).not.toContain("remove-network");
  });
});

test("notices name what is left alone, and why", () => {
  const state = changed(platform, ({ observed }) => {
    observed.containers.push(
      container("lab-core-guest-1", { project: "lab-core", service: "guest" }),
      container("lab-mail-web-1"),
      container("forger", { ownership: "forged", project: "lab-core", service: "x" }),
    );
  });
  expect(planText(state)).toMatchInlineSnapshot(`
    "? container:forger [K3022] container forger carries labels of Keelson that this node did not give it; it is left alone
    ? container:lab-core-guest-1 [K3020] container lab-core-guest-1 is in the project lab-core and not Keelson's; it is left alone
    ? container:lab-mail-web-1 [K3020] container lab-mail-web-1 is not Keelson's; it is left alone
    "
  `);
  expect(containerOf(state, "lab-core/app")).toBeDefined();
});
