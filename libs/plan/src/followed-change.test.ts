import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import type { ServiceSketch } from "./service-fixture.ts";
import { applied, changed, containerOf, simulated } from "./node-fixture.ts";
import { planText, permitted } from "./plan-fixture.ts";

/** `tunnel` lives in the namespace of `net`; Compose then makes it depend on it, with a restart. */
const sharing = (net: ServiceSketch = {}, tunnel: ServiceSketch = {}) =>
  node({
    core: {
      services: {
        net: { healthcheck: true, ...net },
        tunnel: { sharesWith: ["net"], dependsOn: ["net!"], ...tunnel },
      },
      mounts: [
        {
          services: ["net"],
          files: [{ to: "net/conf", onChange: "restart", content: net.environment ?? "" }],
        },
      ],
    },
  });
const running = applied(sharing());

describe("services that share a namespace", () => {
  test("are replaced together", () => {
    expect(planText({ ...running, desired: sharing({ image: "net:2" }) })).toMatchInlineSnapshot(`
      "#1 pull-image image:net:2 [live]: is not on the node
      #2 create-containers services:lab-core/{net,tunnel} (forced) [recreate] after #1: net: image 1.0 → 2; tunnel: shares the namespace of net
      #3 start-service service:lab-core/net [live] after #2: its containers are new
      #4 await-service service:lab-core/net [live] after #3: until it is healthy
      #5 start-service service:lab-core/tunnel [live] after #3: its containers are new
      #6 await-service service:lab-core/tunnel [live] after #5: until it runs
      "
    `);
  });

  test("restart together", () => {
    const desired = sharing();
    const [mount] = desired.instances[0]?.mounts ?? [];
    for (const file of mount?.files ?? []) Object.assign(file, { digest: "new", contentDigest: "new" });
    expect(planText({ ...running, desired })).toMatchInlineSnapshot(`
      "#1 place-files files:lab-core/net [restart]: file net/conf changed
      #2 restart-container service:lab-core/net [restart] after #1: file net/conf changed
      #3 await-service service:lab-core/net [live] after #2: until it is healthy
      #4 record-files service:lab-core/net [live] after #2: its files are loaded
      #5 restart-container service:lab-core/tunnel [restart] after #2: shares the namespace of net
      #6 await-service service:lab-core/tunnel [live] after #5: until it runs
      "
    `);
  });

  test("the one inside restarts when the other one is started", () => {
    const state = changed(running, (copy) => {
      containerOf(copy, "lab-core/net").state = "exited";
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 start-service service:lab-core/net [live]: is not running (exit code 0)
      #2 await-service service:lab-core/net [live] after #1: until it is healthy
      #3 restart-container service:lab-core/tunnel [restart] after #1: shares the namespace of net
      #4 await-service service:lab-core/tunnel [live] after #3: until it runs
      "
    `);
  });

  test("the one inside restarts when somebody else, or a killed agent, restarted the other one", () => {
    const state = changed(running, (copy) => {
      containerOf(copy, "lab-core/net").startedAt = "2026-11-20T07:00:00.123456789Z";
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 restart-container service:lab-core/tunnel [restart]: shares the namespace of net
      #2 await-service service:lab-core/tunnel [live] after #1: until it runs
      "
    `);
    expect(planText(simulated(state))).toBe("nothing to do\n");
  });

  test("the one inside is not restarted when both are to be stopped", () => {
    const desired = node({
      core: {
        state: "installed",
        services: { net: { healthcheck: true }, tunnel: { sharesWith: ["net"], dependsOn: ["net!"] } },
      },
    });
    const state = changed({ ...running, desired }, (copy) => {
      containerOf(copy, "lab-core/net").startedAt = "2026-11-20T07:00:00Z";
    });
    expect(planText({ ...state, policy: permitted })).toMatchInlineSnapshot(`
      "#1 stop-container service:lab-core/tunnel (lab-core-tunnel-1) [restart]: is to be installed, not running
      #2 stop-container service:lab-core/net (lab-core-net-1) [restart] after #1: is to be installed, not running
      "
    `);
  });

  test("the one inside gets no signal when it is replaced", () => {
    const withFile = (image: string, content: string) =>
      node({
        core: {
          services: { net: { image }, tunnel: { sharesWith: ["net"], dependsOn: ["net!"] } },
          mounts: [{ services: ["tunnel"], files: [{ to: "conf/a", onChange: "signal:HUP", content }] }],
        },
      });
    const text = planText({ ...applied(withFile("net:1", "old")), desired: withFile("net:2", "new") });
    expect(text).toContain("{net,tunnel} (forced) [recreate]");
    expect(text).not.toContain("signal-container");
  });

  test("the one inside is replaced when the other one is gone", () => {
    const state = changed(running, ({ observed }) => {
      observed.containers = observed.containers.filter(({ service }) => service !== "net");
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 create-containers services:lab-core/{net,tunnel} (forced) [recreate]: net: no container yet; tunnel: shares the namespace of net
      #2 start-service service:lab-core/net [live] after #1: its containers are new
      #3 await-service service:lab-core/net [live] after #2: until it is healthy
      #4 start-service service:lab-core/tunnel [live] after #2: its containers are new
      #5 await-service service:lab-core/tunnel [live] after #4: until it runs
      "
    `);
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
    node({
      core: {
        services: {
          db: { image: db, healthcheck: true },
          app: { dependsOn: ["db:healthy!"] },
          web: { dependsOn: ["app"] },
        },
      },
    });

  test("restarts with what is replaced, and no further", () => {
    expect(planText({ ...applied(chain("db:1")), desired: chain("db:2") })).toMatchInlineSnapshot(`
      "#1 pull-image image:db:2 [live]: is not on the node
      #2 create-containers service:lab-core/db [recreate] after #1: db: image 1 → 2
      #3 start-service service:lab-core/db [live] after #2: its containers are new
      #4 await-service service:lab-core/db [live] after #3: until it is healthy
      #5 restart-container service:lab-core/app [restart] after #4: db is replaced or restarted
      #6 await-service service:lab-core/app [live] after #5: until it runs
      "
    `);
  });

  test("does not restart what does not run", () => {
    const state = changed({ ...applied(chain("db:1")), desired: chain("db:2") }, (copy) => {
      containerOf(copy, "lab-core/app").state = "exited";
    });
    expect(planText(state)).toContain("start-service service:lab-core/app");
    expect(planText(state)).not.toContain("restart-container");
  });
});
