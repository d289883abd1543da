import { describe, expect, test } from "vitest";

import { type ServiceSketch, applied, changed, containerOf, node, planText } from "./fixture.ts";

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
    expect(planText({ ...applied(services(chain("1"))), desired: services(chain("2")) })).toMatchInlineSnapshot();
  });

  test("also when what lies between stays as it is", () => {
    const before = services({ db: { healthcheck: true }, app: { dependsOn: ["db"] }, web: { dependsOn: ["app"] } });
    const desired = services({ db: { healthcheck: true, image: "db:2" }, app: { dependsOn: ["db"] }, web: { dependsOn: ["app"], image: "web:2" } });
    expect(planText({ ...applied(before), desired })).toMatchInlineSnapshot();
  });

  test("also when what lies between only restarts", () => {
    const before = services({ db: { healthcheck: true }, app: { dependsOn: ["db:healthy!"], healthcheck: true }, web: { dependsOn: ["app:healthy"] } });
    const desired = services({ db: { healthcheck: true, image: "db:2" }, app: { dependsOn: ["db:healthy!"], healthcheck: true }, web: { dependsOn: ["app:healthy"], image: "web:2" } });
    expect(planText({ ...applied(before), desired })).toMatchInlineSnapshot();
  });

  test("also when what lies between is new", () => {
    const before = services({ db: { healthcheck: true }, web: { dependsOn: ["db"] } });
    const desired = services({ db: { healthcheck: true, image: "db:2" }, app: { dependsOn: ["db:healthy"] }, web: { dependsOn: ["app"] , image: "web:2"} });
    expect(planText({ ...applied(before), desired })).toMatchInlineSnapshot();
  });
});

describe("waiting for dependencies", () => {
  const two = services({ db: { healthcheck: true }, app: { dependsOn: ["db:healthy"] } });

  test.each(["starting", "unhealthy"] as const)("one that did not change and is %s is waited for", (health) => {
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
  });

  test("one that is only to be started is not waited for any longer", () => {
    const state = changed(applied(services({ db: { healthcheck: true }, app: { dependsOn: ["db"] } })), (copy) => {
      containerOf(copy, "lab-core/db").health = "unhealthy";
      containerOf(copy, "lab-core/app").state = "exited";
    });
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
