import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { applied, changed, containerOf } from "./node-fixture.ts";
import { planOf, planText, permitted } from "./plan-fixture.ts";
import { emptyObserved } from "./simulate.ts";
import { emptyRecord } from "@keelson/model";

const storage = {
  services: {
    db: { healthcheck: true, volumes: ["data"] },
    cache: {},
  },
  volumes: { data: "local" },
};
const core = {
  after: ["storage"],
  services: {
    migrate: { oneShot: true },
    app: { healthcheck: true, dependsOn: ["migrate:completed"] },
    nginx: { dependsOn: ["app:healthy"], ports: [80] },
  },
  mounts: [
    { services: ["app"], files: [{ to: "app/app.yml", onChange: "recreate" as const }] },
    { services: ["nginx"], files: [{ to: "nginx/site.conf", onChange: "signal:HUP" as const }] },
  ],
};
const platform = node({ core, storage });

function withImage(service: "db" | "cache", image: string) {
  return node({
    core,
    storage: { ...storage, services: { ...storage.services, [service]: { image } } },
  });
}

describe("planChanges", () => {
  test("starts an empty node in the order of what is required", () => {
    const empty = { desired: platform, observed: emptyObserved, record: emptyRecord };
    expect(planText(empty)).toMatchInlineSnapshot(`
      "#1 pull-image image:cache:1.0 [live]: is not on the node
      #2 pull-image image:db:1.0 [live]: is not on the node
      #3 pull-image image:app:1.0 [live]: is not on the node
      #4 pull-image image:migrate:1.0 [live]: is not on the node
      #5 pull-image image:nginx:1.0 [live]: is not on the node
      #6 place-files files:lab-core/app [live]: file app/app.yml is not placed yet
      #7 create-network network:lab-storage_default [live]: does not exist yet
      #8 create-network network:lab-core_default [live]: does not exist yet
      #9 create-volume volume:lab-storage_data [live]: does not exist yet
      #10 create-containers services:lab-storage/{cache,db} [live] after #1 #2 #7 #9: cache: no container yet; db: no container yet
      #11 start-service service:lab-storage/cache [live] after #10: its containers are new
      #12 await-service service:lab-storage/cache [live] after #11: until it runs
      #13 start-service service:lab-storage/db [live] after #10: its containers are new
      #14 await-service service:lab-storage/db [live] after #13: until it is healthy
      #15 place-files files:lab-core/nginx [live]: file nginx/site.conf is not placed yet
      #16 create-containers services:lab-core/{app,migrate,nginx} [live] after #3 #4 #5 #6 #8 #15: app: no container yet; migrate: no container yet; nginx: no container yet
      #17 start-service service:lab-core/migrate [live] after #12 #14 #16: its containers are new
      #18 await-service service:lab-core/migrate [live] after #17: until it has done its work
      #19 start-service service:lab-core/app [live] after #6 #16 #18: its containers are new
      #20 await-service service:lab-core/app [live] after #19: until it is healthy
      #21 start-service service:lab-core/nginx [live] after #15 #16 #20: its containers are new
      #22 await-service service:lab-core/nginx [live] after #21: until it runs
      #23 record-files service:lab-core/nginx [live] after #21: its files are loaded
      "
    `);
  });

  test("has nothing to do when everything is as desired", () => {
    expect(planText(applied(platform))).toBe("nothing to do\n");
  });

  test("replaces only the service whose image changed", () => {
    expect(planText({ ...applied(platform), desired: withImage("cache", "cache:1.1") }))
      .toMatchInlineSnapshot(`
      "#1 pull-image image:cache:1.1 [live]: is not on the node
      #2 create-containers service:lab-storage/cache [recreate] after #1: cache: image 1.0 → 1.1
      #3 start-service service:lab-storage/cache [live] after #2: its containers are new
      #4 await-service service:lab-storage/cache [live] after #3: until it runs
      "
    `);
  });

  test("names everything that made a container different", () => {
    const desired = node({
      storage: {
        services: { db: { image: "db:2.0", environment: "a", networks: ["inner"] } },
        networks: { inner: "x" },
      },
    });
    const after = node({
      storage: {
        services: { db: { image: "other/db:2.0", ports: [1], networks: ["inner", "outer"] } },
        networks: { inner: "x", outer: "y" },
      },
    });
    expect(planText({ ...applied(desired), desired: after })).toMatchInlineSnapshot(`
      "#1 pull-image image:other/db:2.0 [live]: is not on the node
      #2 create-network network:lab-storage_outer [live]: does not exist yet
      #3 create-containers service:lab-storage/db [recreate] after #1 #2: db: image db:2.0 → other/db:2.0; environment removed; networks changed; ports added
      #4 start-service service:lab-storage/db [live] after #3: its containers are new
      #5 await-service service:lab-storage/db [live] after #4: until it runs
      "
    `);
  });

  test("says what it can when the record is lost", () => {
    const state = { ...applied(platform), record: emptyRecord };
    expect(planText(state)).toBe("nothing to do\n");
    const desired = node({
      storage: { ...storage, services: { ...storage.services, cache: { environment: "a" } } },
      core,
    });
    expect(planText({ ...state, desired })).toMatchInlineSnapshot(`
      "#1 create-containers service:lab-storage/cache [recreate]: cache: its configuration changed
      #2 start-service service:lab-storage/cache [live] after #1: its containers are new
      #3 await-service service:lab-storage/cache [live] after #2: until it runs
      "
    `);
  });

  test("brings everything onto the node before anything is disturbed, also for another instance", () => {
    const desired = node({
      storage: { ...storage, services: { ...storage.services, cache: { image: "cache:1.1" } } },
      core: { ...core, services: { ...core.services, app: { ...core.services.app, image: "app:1.1" } } },
    });
    const state = changed(applied(platform), ({ observed }) => {
      observed.images["cache:1.1"] = { id: "image of cache:1.1", digests: [] };
    });
    expect(planText({ ...state, desired })).toMatchInlineSnapshot(`
      "#1 pull-image image:app:1.1 [live]: is not on the node
      #2 create-containers service:lab-storage/cache [recreate] after #1: cache: image 1.0 → 1.1
      #3 start-service service:lab-storage/cache [live] after #2: its containers are new
      #4 await-service service:lab-storage/cache [live] after #3: until it runs
      #5 create-containers service:lab-core/app [recreate] after #4: app: image 1.0 → 1.1
      #6 start-service service:lab-core/app [live] after #5: its containers are new
      #7 await-service service:lab-core/app [live] after #6: until it is healthy
      "
    `);
  });

  test("recreates what runs another image under the same name", () => {
    const state = changed(applied(platform), ({ observed }) => {
      observed.images["cache:1.0"] = { id: "rebuilt", digests: [] };
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 create-containers service:lab-storage/cache (forced) [recreate]: cache: cache:1.0 is another image now
      #2 start-service service:lab-storage/cache [live] after #1: its containers are new
      #3 await-service service:lab-storage/cache [live] after #2: until it runs
      "
    `);
  });

  test("does not hang on instances that require each other", () => {
    const desired = node({
      a: { after: ["b"], services: { one: { healthcheck: true } } },
      b: { after: ["a"], services: { two: { healthcheck: true } } },
    });
    expect(planText({ desired, observed: emptyObserved, record: emptyRecord })).toMatchInlineSnapshot(`
      "#1 pull-image image:two:1.0 [live]: is not on the node
      #2 pull-image image:one:1.0 [live]: is not on the node
      #3 create-network network:lab-b_default [live]: does not exist yet
      #4 create-network network:lab-a_default [live]: does not exist yet
      #5 create-containers service:lab-b/two [live] after #1 #3: two: no container yet
      #6 start-service service:lab-b/two [live] after #5: its containers are new
      #7 await-service service:lab-b/two [live] after #6: until it is healthy
      #8 create-containers service:lab-a/one [live] after #2 #4: one: no container yet
      #9 start-service service:lab-a/one [live] after #7 #8: its containers are new
      #10 await-service service:lab-a/one [live] after #9: until it is healthy
      "
    `);
    expect(planText(applied(desired))).toBe("nothing to do\n");
  });

  test("waits for what an instance requires, however far down", () => {
    const chain = (image: string) =>
      node({
        a: { services: { db: { healthcheck: true, image: `db:${image}` } } },
        b: { after: ["a"], services: { api: {} } },
        c: { after: ["b"], services: { web: { image: `web:${image}` } } },
      });
    expect(planText({ ...applied(chain("1.0")), desired: chain("1.1") })).toMatchInlineSnapshot(`
      "#1 pull-image image:db:1.1 [live]: is not on the node
      #2 pull-image image:web:1.1 [live]: is not on the node
      #3 create-containers service:lab-a/db [recreate] after #1 #2: db: image 1.0 → 1.1
      #4 start-service service:lab-a/db [live] after #3: its containers are new
      #5 await-service service:lab-a/db [live] after #4: until it is healthy
      #6 create-containers service:lab-c/web [recreate] after #5: web: image 1.0 → 1.1
      #7 start-service service:lab-c/web [live] after #6: its containers are new
      #8 await-service service:lab-c/web [live] after #7: until it runs
      "
    `);
  });

  test("waits for what an instance requires and an earlier round started", () => {
    const state = changed(applied(platform), (copy) => {
      containerOf(copy, "lab-storage/db").health = "starting";
      containerOf(copy, "lab-core/nginx").state = "exited";
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 await-service service:lab-storage/db [live]: until it is healthy
      #2 start-service service:lab-core/nginx [live] after #1: is not running (exit code 0)
      #3 await-service service:lab-core/nginx [live] after #2: until it runs
      "
    `);
  });

  test("does not wait for what is required when nothing comes up", () => {
    const state = changed(applied(platform), (copy) => {
      containerOf(copy, "lab-storage/db").health = "unhealthy";
    });
    expect(planText(state)).toBe("nothing to do\n");
  });

  test("numbers operations so that what they wait for comes first", () => {
    const { operations } = planOf({ desired: platform, observed: emptyObserved, record: emptyRecord });
    expect(operations.map(({ id }) => id)).toEqual(operations.map((_, index) => `#${index + 1}`));
  });
});

describe("instance states", () => {
  const staged = node({ core: { ...core, state: "staged" }, storage });
  const installed = node({ core: { ...core, state: "installed" }, storage });

  test("staged brings files and images, and makes nothing", () => {
    expect(planText({ ...applied(node({ storage })), desired: staged })).toMatchInlineSnapshot(`
      "#1 pull-image image:app:1.0 [live]: is not on the node
      #2 pull-image image:migrate:1.0 [live]: is not on the node
      #3 pull-image image:nginx:1.0 [live]: is not on the node
      #4 place-files files:lab-core/app [live]: file app/app.yml is not placed yet
      #5 place-files files:lab-core/nginx [live]: file nginx/site.conf is not placed yet
      "
    `);
    expect(planText(applied(staged))).toBe("nothing to do\n");
  });

  test("staged after running removes the containers, dependents first", () => {
    expect(planText({ ...applied(platform), desired: staged })).toMatchInlineSnapshot(`
      "#1 remove-container service:lab-core/nginx (lab-core-nginx-1) [recreate]: instance core is to be staged only
      #2 remove-container service:lab-core/app (lab-core-app-1) [recreate] after #1: instance core is to be staged only
      #3 remove-container service:lab-core/migrate (lab-core-migrate-1) [recreate] after #2: instance core is to be staged only
      "
    `);
  });

  test("installed makes the containers and starts none", () => {
    expect(planText({ ...applied(node({ storage })), desired: installed })).toMatchInlineSnapshot(`
      "#1 pull-image image:app:1.0 [live]: is not on the node
      #2 pull-image image:migrate:1.0 [live]: is not on the node
      #3 pull-image image:nginx:1.0 [live]: is not on the node
      #4 place-files files:lab-core/app [live]: file app/app.yml is not placed yet
      #5 create-network network:lab-core_default [live]: does not exist yet
      #6 place-files files:lab-core/nginx [live]: file nginx/site.conf is not placed yet
      #7 create-containers services:lab-core/{app,migrate,nginx} [live] after #1 #2 #3 #4 #5 #6: app: no container yet; migrate: no container yet; nginx: no container yet
      "
    `);
    expect(planText(applied(installed))).toBe("nothing to do\n");
  });

  test("installed after running stops the containers, dependents first", () => {
    expect(planText({ ...applied(platform), desired: installed })).toMatchInlineSnapshot(`
      "#1 stop-container service:lab-core/nginx (lab-core-nginx-1) [restart]: is to be installed, not running
      #2 stop-container service:lab-core/app (lab-core-app-1) [restart] after #1: is to be installed, not running
      "
    `);
  });

  test("running after installed starts them", () => {
    expect(planText({ ...applied(installed), desired: platform })).toMatchInlineSnapshot(`
      "#1 start-service service:lab-core/migrate [live]: was never started
      #2 await-service service:lab-core/migrate [live] after #1: until it has done its work
      #3 start-service service:lab-core/app [live] after #2: was never started
      #4 await-service service:lab-core/app [live] after #3: until it is healthy
      #5 start-service service:lab-core/nginx [live] after #4: was never started
      #6 await-service service:lab-core/nginx [live] after #5: until it runs
      #7 record-files service:lab-core/nginx [live] after #5: its files are loaded
      "
    `);
  });

  test("installed replaces a changed container without waiting for what does not run", () => {
    const desired = node({
      core: {
        ...core,
        state: "installed",
        services: { ...core.services, nginx: { ...core.services.nginx, image: "nginx:1.1" } },
      },
      storage,
    });
    expect(planText({ ...applied(installed), desired })).toMatchInlineSnapshot(`
      "#1 pull-image image:nginx:1.1 [live]: is not on the node
      #2 create-containers service:lab-core/nginx [recreate] after #1: nginx: image 1.0 → 1.1
      "
    `);
    expect(planText({ ...applied(platform), desired })).toMatchInlineSnapshot(`
      "#1 pull-image image:nginx:1.1 [live]: is not on the node
      #2 stop-container service:lab-core/nginx (lab-core-nginx-1) [restart] after #1: is to be installed, not running
      #3 stop-container service:lab-core/app (lab-core-app-1) [restart] after #2: is to be installed, not running
      #4 create-containers service:lab-core/nginx [recreate] after #2: nginx: image 1.0 → 1.1
      "
    `);
  });

  test("installed loads no files into what is only to be stopped", () => {
    const withFile = (state: "running" | "installed", replicas: number, content: string) =>
      node({
        core: {
          state,
          services: { web: { replicas } },
          mounts: [{ services: ["web"], files: [{ to: "conf/a", onChange: "restart", content }] }],
        },
      });
    const state = { ...applied(withFile("running", 1, "old")), desired: withFile("installed", 2, "new") };
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 place-files files:lab-core/conf [restart]: file conf/a changed
      #2 stop-container service:lab-core/web (lab-core-web-1) [restart]: is to be installed, not running
      #3 create-containers service:lab-core/web [live] after #1 #2: web: 1 of 2 containers
      "
    `);
  });

  test("what is to be stopped does not wait for what is blocked", () => {
    const desired = node({
      core: { ...core, state: "installed" },
      storage: {
        ...storage,
        volumes: { data: "nfs" },
        services: { db: { volumes: ["data"], image: "db:2" } },
      },
    });
    const { operations, blocked } = planOf({ ...applied(platform), desired, policy: permitted });
    expect(blocked.map(({ resource }) => resource)).toEqual([
      "service:lab-storage/db",
      "volume:lab-storage_data",
    ]);
    expect(operations.filter(({ kind }) => kind === "stop-container")).toHaveLength(2);
  });

  test("a paused container of an instance that is to be installed is stopped", () => {
    const state = changed({ ...applied(platform), desired: installed }, (copy) => {
      containerOf(copy, "lab-core/nginx").state = "paused";
    });
    expect(planText(state)).toContain("(lab-core-nginx-1)");
  });

  test("instances go down in the reverse of their order", () => {
    const desired = node({
      core: { ...core, state: "installed" },
      storage: { ...storage, state: "installed" },
    });
    expect(planText({ ...applied(platform), desired, policy: permitted })).toMatchInlineSnapshot(`
      "#1 stop-container service:lab-core/nginx (lab-core-nginx-1) [restart]: is to be installed, not running
      #2 stop-container service:lab-core/app (lab-core-app-1) [restart] after #1: is to be installed, not running
      #3 stop-container service:lab-storage/cache (lab-storage-cache-1) [restart] after #2: is to be installed, not running
      #4 stop-container service:lab-storage/db (lab-storage-db-1) [restart] after #2: is to be installed, not running
      "
    `);
  });
});

test("plans for services that all depend on each other, among which there are more ways than can be gone", () => {
  const names = Array.from({ length: 60 }, (_, index) => `s${String(index).padStart(2, "0")}`);
  const services = Object.fromEntries(
    names.map((name, index) => [name, { dependsOn: names.slice(0, index), healthcheck: true }]),
  );
  const state = changed(applied(node({ core: { services } })), (copy) => {
    containerOf(copy, "lab-core/s59").state = "exited";
    containerOf(copy, "lab-core/s00").health = "starting";
  });
  expect(planText(state)).toMatchInlineSnapshot(`
    "#1 await-service service:lab-core/s00 [live]: until it is healthy
    #2 start-service service:lab-core/s59 [live]: is not running (exit code 0)
    #3 await-service service:lab-core/s59 [live] after #2: until it is healthy
    "
  `);
});
