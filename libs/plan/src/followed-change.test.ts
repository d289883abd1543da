import { describe, expect, test } from "vitest";

import { type ServiceSketch, applied, changed, containerOf, node, planText } from "./fixture.ts";

/** `tunnel` lives in the namespace of `net`; Compose then makes it depend on it, with a restart. */
const sharing = (net: ServiceSketch = {}, tunnel: ServiceSketch = {}) =>
  node({
    core: {
      services: {
        net: { healthcheck: true, ...net },
        tunnel: { sharesWith: ["net"], dependsOn: ["net!"], ...tunnel },
      },
      mounts: [{ services: ["net"], files: [{ to: "net/conf", onChange: "restart", content: net.environment ?? "" }] }],
    },
  });
const running = applied(sharing());

describe("services that share a namespace", () => {
  test("are replaced together", () => {
    expect(planText({ ...running, desired: sharing({ image: "net:2" }) })).toMatchInlineSnapshot();
  });

  test("restart together", () => {
    const desired = sharing();
    const [mount] = desired.instances[0]?.mounts ?? [];
    for (const file of mount?.files ?? []) Object.assign(file, { digest: "new", contentDigest: "new" });
    expect(planText({ ...running, desired })).toMatchInlineSnapshot();
  });

  test("the one inside restarts when the other one is started", () => {
    const state = changed(running, (copy) => {
      containerOf(copy, "lab-core/net").state = "exited";
    });
    expect(planText(state)).toMatchInlineSnapshot();
  });

  test("the one inside is replaced when the other one is gone", () => {
    const state = changed(running, ({ observed }) => {
      observed.containers = observed.containers.filter(({ service }) => service !== "net");
    });
    expect(planText(state)).toMatchInlineSnapshot();
  });

  test("the other one stays when the one inside is replaced", () => {
    const text = planText({ ...running, desired: sharing({}, { image: "tunnel:2" }) });
    expect(text).toContain("create-containers service:lab-core/tunnel [recreate]");
  });

  test("a one-shot inside that has done its work is left alone", () => {
    const job = { oneShot: true };
    const text = planText({ ...applied(sharing({}, job)), desired: sharing({ image: "net:2" }, job) });
    expect(text).not.toContain("tunnel");
  });
});

describe("depends_on with restart: true", () => {
  const chain = (db: string) =>
    node({ core: { services: { db: { image: db, healthcheck: true }, app: { dependsOn: ["db:healthy!"] }, web: { dependsOn: ["app"] } } } });

  test("restarts with what is replaced, and no further", () => {
    expect(planText({ ...applied(chain("db:1")), desired: chain("db:2") })).toMatchInlineSnapshot();
  });

  test("does not restart what does not run", () => {
    const state = changed({ ...applied(chain("db:1")), desired: chain("db:2") }, (copy) => {
      containerOf(copy, "lab-core/app").state = "exited";
    });
    expect(planText(state)).toContain("start-service service:lab-core/app");
    expect(planText(state)).not.toContain("restart-container");
  });
});
