import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import type { ServiceSketch } from "./service-fixture.ts";
import { applied, changed, containerOf } from "./node-fixture.ts";
import { planOf, planText } from "./plan-fixture.ts";

function services(sketches: Record<string, ServiceSketch>) {
  return node({ core: { services: sketches } });
}

describe("waves", () => {
  const chain = (tag: string): Record<string, ServiceSketch> => ({
    db: { image: `db:${tag}`, healthcheck: true },
    app: { image: `app:${tag}`, dependsOn: ["db:healthy"] },
    log: { image: `log:${tag}` },
    web: { image: `web:${tag}`, dependsOn: ["app"] },
  });

  test("a container goes down only when all that it depends on is up again", () => {
    expect(planText({ ...applied(services(chain("1"))), desired: services(chain("2")) }))
      .toMatchInlineSnapshot(`
      "#1 pull-image image:app:2 [live]: is not on the node
      #2 pull-image image:db:2 [live]: is not on the node
      #3 pull-image image:log:2 [live]: is not on the node
      #4 pull-image image:web:2 [live]: is not on the node
      #5 create-containers services:lab-core/{db,log} [recreate] after #1 #2 #3 #4: db: image 1 → 2; log: image 1 → 2
      #6 start-service service:lab-core/db [live] after #5: its containers are new
      #7 await-service service:lab-core/db [live] after #6: until it is healthy
      #8 create-containers service:lab-core/app [recreate] after #7: app: image 1 → 2
      #9 start-service service:lab-core/app [live] after #8: its containers are new
      #10 create-containers service:lab-core/web [recreate] after #9: web: image 1 → 2
      #11 await-service service:lab-core/app [live] after #9: until it runs
      #12 start-service service:lab-core/log [live] after #5: its containers are new
      #13 await-service service:lab-core/log [live] after #12: until it runs
      #14 start-service service:lab-core/web [live] after #10: its containers are new
      #15 await-service service:lab-core/web [live] after #14: until it runs
      "
    `);
  });

  test("what is made in one call can be made apart, but for what shares a namespace", () => {
    const wanted = (tag: string) =>
      services({
        db: { image: `db:${tag}` },
        cache: { image: "cache:1" },
        app: { image: `app:${tag}`, dependsOn: ["db"] },
        side: { image: "side:1", sharesWith: ["app"] },
        web: { image: `web:${tag}`, dependsOn: ["cache", "db"] },
        page: { image: `page:${tag}`, dependsOn: ["db"] },
      });
    const state = changed({ ...applied(wanted("1")), desired: wanted("2") }, (copy) => {
      containerOf(copy, "lab-core/cache").state = "exited";
    });
    const { operations } = planOf(state);
    const idOf = (kind: string, resource: string) =>
      operations.find((each) => each.kind === kind && each.resource === resource)?.id;
    const second = operations.find(({ resource }) => resource === "services:lab-core/{app,page,side,web}");
    const db = idOf("start-service", "service:lab-core/db");
    const cache = idOf("start-service", "service:lab-core/cache");
    expect(second).toMatchObject({
      after: [cache, db],
      parts: [
        { services: ["app", "side"], after: [db] },
        { services: ["page"], after: [db] },
        { services: ["web"], after: [cache, db] },
      ],
    });
  });

  test("also when what lies between stays as it is", () => {
    const before = services({
      db: { healthcheck: true },
      app: { dependsOn: ["db"] },
      web: { dependsOn: ["app"] },
    });
    const desired = services({
      db: { healthcheck: true, image: "db:2" },
      app: { dependsOn: ["db"] },
      web: { dependsOn: ["app"], image: "web:2" },
    });
    expect(planText({ ...applied(before), desired })).toMatchInlineSnapshot(`
      "#1 pull-image image:db:2 [live]: is not on the node
      #2 pull-image image:web:2 [live]: is not on the node
      #3 create-containers service:lab-core/db [recreate] after #1 #2: db: image 1.0 → 2
      #4 start-service service:lab-core/db [live] after #3: its containers are new
      #5 create-containers service:lab-core/web [recreate] after #4: web: image 1.0 → 2
      #6 await-service service:lab-core/db [live] after #4: until it is healthy
      #7 start-service service:lab-core/web [live] after #5: its containers are new
      #8 await-service service:lab-core/web [live] after #7: until it runs
      "
    `);
  });

  test("also when what lies between only restarts", () => {
    const before = services({
      db: { healthcheck: true },
      app: { dependsOn: ["db:healthy!"], healthcheck: true },
      web: { dependsOn: ["app:healthy"] },
    });
    const desired = services({
      db: { healthcheck: true, image: "db:2" },
      app: { dependsOn: ["db:healthy!"], healthcheck: true },
      web: { dependsOn: ["app:healthy"], image: "web:2" },
    });
    expect(planText({ ...applied(before), desired })).toMatchInlineSnapshot(`
      "#1 pull-image image:db:2 [live]: is not on the node
      #2 pull-image image:web:2 [live]: is not on the node
      #3 create-containers service:lab-core/db [recreate] after #1 #2: db: image 1.0 → 2
      #4 start-service service:lab-core/db [live] after #3: its containers are new
      #5 await-service service:lab-core/db [live] after #4: until it is healthy
      #6 restart-container service:lab-core/app [restart] after #5: db is replaced or restarted
      #7 await-service service:lab-core/app [live] after #6: until it is healthy
      #8 create-containers service:lab-core/web [recreate] after #7: web: image 1.0 → 2
      #9 start-service service:lab-core/web [live] after #8: its containers are new
      #10 await-service service:lab-core/web [live] after #9: until it runs
      "
    `);
  });

  test("also when what lies between is new", () => {
    const before = services({ db: { healthcheck: true }, web: { dependsOn: ["db"] } });
    const desired = services({
      db: { healthcheck: true, image: "db:2" },
      app: { dependsOn: ["db:healthy"] },
      web: { dependsOn: ["app"], image: "web:2" },
    });
    expect(planText({ ...applied(before), desired })).toMatchInlineSnapshot(`
      "#1 pull-image image:app:1.0 [live]: is not on the node
      #2 pull-image image:db:2 [live]: is not on the node
      #3 pull-image image:web:2 [live]: is not on the node
      #4 create-containers service:lab-core/app [live] after #1: app: no container yet
      #5 create-containers service:lab-core/db [recreate] after #1 #2 #3: db: image 1.0 → 2
      #6 start-service service:lab-core/db [live] after #5: its containers are new
      #7 await-service service:lab-core/db [live] after #6: until it is healthy
      #8 start-service service:lab-core/app [live] after #4 #7: its containers are new
      #9 create-containers service:lab-core/web [recreate] after #8: web: image 1.0 → 2
      #10 await-service service:lab-core/app [live] after #8: until it runs
      #11 start-service service:lab-core/web [live] after #9: its containers are new
      #12 await-service service:lab-core/web [live] after #11: until it runs
      "
    `);
  });
});

describe("waiting for dependencies", () => {
  const two = services({ db: { healthcheck: true }, app: { dependsOn: ["db:healthy"] } });

  test.each(["starting", "unhealthy"] as const)(
    "one that did not change and is %s is waited for",
    (health) => {
      const state = changed(applied(two), (copy) => {
        containerOf(copy, "lab-core/db").health = health;
        containerOf(copy, "lab-core/app").state = "exited";
      });
      expect(planText(state)).toBe(
        [
          "#1 await-service service:lab-core/db [live]: until it is healthy",
          "#2 start-service service:lab-core/app [live] after #1: is not running (exit code 0)",
          "#3 await-service service:lab-core/app [live] after #2: until it runs",
          "",
        ].join("\n"),
      );
    },
  );

  test("one that is only to be started is not waited for any longer", () => {
    const state = changed(
      applied(services({ db: { healthcheck: true }, app: { dependsOn: ["db"] } })),
      (copy) => {
        containerOf(copy, "lab-core/db").health = "unhealthy";
        containerOf(copy, "lab-core/app").state = "exited";
      },
    );
    expect(planText(state)).not.toContain("await-service service:lab-core/db");
  });

  test("a health check that only the image has counts when somebody asks for it", () => {
    const desired = services({ db: {}, app: { dependsOn: ["db:healthy"] } });
    const state = changed(applied(desired), (copy) => {
      containerOf(copy, "lab-core/db").health = "starting";
      containerOf(copy, "lab-core/app").state = "exited";
    });
    expect(planText(state)).toContain("await-service service:lab-core/db [live]: until it is healthy");
  });
});
