import type { ObservedContainer } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { applied, changed, container, containerOf } from "./node-fixture.ts";
import { planText, permitted, planOf } from "./plan-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const desired = node({
  core: { services: { web: { healthcheck: true }, api: { dependsOn: ["web:healthy"] } } },
});
const running = applied(desired);
const before = applied(
  node({
    core: { services: { web: { healthcheck: true, image: "web:0.9" }, api: { dependsOn: ["web:healthy"] } } },
  }),
);

function withState(
  change: (web: ReturnType<typeof containerOf>, copy: SimulatedNode) => void,
): SimulatedNode {
  return changed(running, (copy) => change(containerOf(copy, "lab-core/web"), copy));
}

describe("a container", () => {
  test("that was stopped is started", () => {
    expect(planText(withState((web) => Object.assign(web, { state: "exited", exitCode: 137 }))))
      .toMatchInlineSnapshot(`
      "#1 start-service service:lab-core/web [live]: is not running (exit code 137)
      #2 await-service service:lab-core/web [live] after #1: until it is healthy
      "
    `);
  });

  test("that was removed is made again", () => {
    const state = withState((web, { observed }) =>
      observed.containers.splice(observed.containers.indexOf(web), 1),
    );
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 create-containers service:lab-core/web [live]: web: no container yet
      #2 start-service service:lab-core/web [live] after #1: its containers are new
      #3 await-service service:lab-core/web [live] after #2: until it is healthy
      "
    `);
  });

  test("that is paused goes on", () => {
    expect(planText(withState((web) => Object.assign(web, { state: "paused" })))).toMatchInlineSnapshot(`
      "#1 start-service service:lab-core/web [live]: is paused
      #2 await-service service:lab-core/web [live] after #1: until it is healthy
      "
    `);
  });

  test("that is dead is made anew", () => {
    expect(planText(withState((web) => Object.assign(web, { state: "dead" })))).toMatchInlineSnapshot(`
      "#1 create-containers service:lab-core/web (forced) [recreate]: web: the container is dead
      #2 start-service service:lab-core/web [live] after #1: its containers are new
      #3 await-service service:lab-core/web [live] after #2: until it is healthy
      "
    `);
  });

  test("that is on its way up goes on with its trial, and others have nothing to do with it", () => {
    expect(planText(withState((web) => Object.assign(web, { health: "starting" })))).toMatchInlineSnapshot(`
      "#1 await-service service:lab-core/web [live]: until it is healthy
      "
    `);
  });

  test("that nobody asks for health is not waited for, whatever check its image brings", () => {
    const plain = applied(node({ core: { services: { web: {} } } }));
    const state = changed(plain, (copy) => {
      containerOf(copy, "lab-core/web").health = "starting";
    });
    expect(planText(state)).toBe("nothing to do\n");
  });

  test("that is to end and has not is waited for", () => {
    const job = applied(node({ core: { services: { job: { oneShot: true } } } }));
    const state = changed(job, (copy) => {
      Object.assign(containerOf(copy, "lab-core/job"), { state: "running", exitCode: 0 });
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 await-service service:lab-core/job [live]: until it has done its work
      "
    `);
  });

  test.each(["restarting", "running"] as const)(
    "that is %s and unhealthy is left to its health check",
    (state) => {
      expect(planText(withState((web) => Object.assign(web, { state, health: "unhealthy" })))).toBe(
        "nothing to do\n",
      );
    },
  );

  test("that lost a network is connected to it", () => {
    expect(planText(withState((web) => Object.assign(web, { networks: [] })))).toMatchInlineSnapshot(`
      "#1 connect-container service:lab-core/web (lab-core-web-1) to lab-core_default [live]: network lab-core_default is not connected
      "
    `);
  });

  test("that was recreated by hand, without labels of ours, keeps its name, and Compose stays away", () => {
    const state = withState((web, { observed }) => {
      observed.containers.splice(observed.containers.indexOf(web), 1, container(web.name));
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "! service:lab-core/web [K3021] container lab-core-web-1 stands in the place of lab-core/web and is not this node's
      ? container:lab-core-web-1 [K3020] container lab-core-web-1 is not Keelson's; it is left alone
      "
    `);
  });

  test("that Compose made by hand, with its labels and none of ours", () => {
    const state = withState((web) =>
      Object.assign(web, { ownership: "foreign", digest: "", instance: "", id: "by hand" }),
    );
    expect(planText(state)).toMatchInlineSnapshot(`
      "! service:lab-core/web [K3021] container lab-core-web-1 stands in the place of lab-core/web and is not this node's
      ? container:lab-core-web-1 [K3020] container lab-core-web-1 is in the project lab-core and not Keelson's; it is left alone
      "
    `);
  });

  test("that is not ours does not keep ours from being started", () => {
    const state = withState((web, { observed }) => {
      web.state = "exited";
      observed.containers.push(container("rival", { project: "lab-core", service: "web" }));
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 start-service service:lab-core/web [live]: is not running (exit code 0)
      #2 await-service service:lab-core/web [live] after #1: until it is healthy
      ? container:rival [K3020] container rival is in the project lab-core and not Keelson's; it is left alone
      "
    `);
  });

  test("with forged labels is never touched", () => {
    const state = withState((web, { observed }) =>
      observed.containers.push({ ...web, id: "x", name: "forger", ownership: "forged" }),
    );
    expect(planText(state)).toMatchInlineSnapshot(`
      "? container:forger [K3022] container forger carries labels of Keelson that this node did not give it; it is left alone
      "
    `);
  });

  test("with copied labels is never touched, and Compose stays away", () => {
    const state = withState((web, { observed }) => {
      const copy = { id: "x", name: "lab-core-web-2", state: "exited", ownership: "forged" } as const;
      observed.containers.push({ ...web, ...copy });
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "? container:lab-core-web-2 [K3022] container lab-core-web-2 carries labels of Keelson that this node did not give it; it is left alone
      "
    `);
    expect(planText({ ...state, desired: node({ core: { services: { web: { image: "web:1.1" } } } }) }))
      .toMatchInlineSnapshot(`
      "#1 remove-container service:lab-core/api (lab-core-api-1) [recreate]: is no longer desired
      ! service:lab-core/web [K3021] container lab-core-web-2 stands in the place of lab-core/web and is not this node's
      ? container:lab-core-web-2 [K3022] container lab-core-web-2 carries labels of Keelson that this node did not give it; it is left alone
      "
    `);
    // Ours is started by its id.
    const stopped = changed(state, (copy) => {
      Object.assign(containerOf(copy, "lab-core/web"), { state: "exited" });
    });
    expect(planText(stopped)).toContain("start-service service:lab-core/web");
  });

  test("with copied labels in the place of ours is never touched, and the service waits", () => {
    const isolated = applied(node({ core: { services: { web: {} } } }));
    const replacedBy = (ownership: "forged" | "unproven") =>
      changed(isolated, (copy) => Object.assign(containerOf(copy, "lab-core/web"), { id: "x", ownership }));
    expect(planText(replacedBy("forged"))).toMatchInlineSnapshot(`
      "! service:lab-core/web [K3021] container lab-core-web-1 stands in the place of lab-core/web and is not this node's
      ? container:lab-core-web-1 [K3022] container lab-core-web-1 carries labels of Keelson that this node did not give it; it is left alone
      "
    `);
    expect(planText(replacedBy("unproven"))).toMatchInlineSnapshot(`
      "! service:lab-core/web [K3025] the record of this node was lost, and nothing that is left shows that it made container lab-core-web-1 of lab-core/web
      ? container:lab-core-web-1 [K3025] nothing that is left shows that this node made container lab-core-web-1; it is left alone
      "
    `);
    for (const ownership of ["forged", "unproven"] as const) {
      // What may be the node's own is not to be removed before that is known.
      expect(planOf(replacedBy(ownership)).blocked[0]?.hint).toMatch(
        /^It has labels of .*--config FILE.*docker rm/,
      );
      expect(planOf({ ...replacedBy(ownership), desired: node({}) }).operations).not.toContainEqual(
        expect.objectContaining({ kind: "remove-container" }),
      );
    }
  });

  test("with copied labels of a service that is no longer desired is not removed", () => {
    const state = changed({ ...running, desired: node({ core: { services: { api: {} } } }) }, (copy) => {
      copy.observed.containers.push({
        ...containerOf(copy, "lab-core/web"),
        id: "x",
        name: "lab-core-web-2",
        ownership: "forged",
      });
    });
    const text = planText(state);
    expect(text).toContain("remove-container service:lab-core/web (lab-core-web-1)");
    expect(text).not.toContain("(lab-core-web-2)");
    expect(text).toContain("? container:lab-core-web-2 [K3022]");
  });
});

describe("a killed Compose", () => {
  const leftover = "0123456789ab_lab-core-web-1";

  test("leaves the new container alone, under a name that is mended", () => {
    const state = withState((web) => {
      Object.assign(web, { name: leftover, id: "new", state: "created", health: "none" });
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 rename-container service:lab-core/web to lab-core-web-1 [live]: is still named 0123456789ab_lab-core-web-1 after an interrupted replacement
      #2 start-service service:lab-core/web [live]: was never started
      #3 await-service service:lab-core/web [live] after #2: until it is healthy
      "
    `);
  });

  test("leaves the new one beside the old one, which serves until all is ready", () => {
    const state = changed({ ...before, desired }, (copy) => {
      const old = containerOf(copy, "lab-core/web");
      copy.observed.containers.push({
        ...containerOf(running, "lab-core/web"),
        id: "new",
        name: leftover,
        state: "created",
        health: "none",
        image: old.image,
      });
      copy.observed.images["web:1.0"] = { id: "image of web:1.0", digests: [] };
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 remove-container service:lab-core/web (lab-core-web-1) [recreate]: is left over from an interrupted replacement
      #2 rename-container service:lab-core/web to lab-core-web-1 [live] after #1: is still named 0123456789ab_lab-core-web-1 after an interrupted replacement
      #3 start-service service:lab-core/web [live] after #1: was never started
      #4 await-service service:lab-core/web [live] after #3: until it is healthy
      "
    `);
  });

  test("leaves the new one beside the old one, which goes only when what both need is up", () => {
    const withDb = (image: string, web: string) =>
      node({
        core: {
          services: { db: { image, healthcheck: true }, web: { image: web, dependsOn: ["db:healthy"] } },
        },
      });
    const state = changed(
      { ...applied(withDb("db:1", "web:1")), desired: withDb("db:2", "web:2") },
      (copy) => {
        const { digest = "" } = copy.desired.instances[0]?.services[1]?.digests[0] ?? {};
        const old = containerOf(copy, "lab-core/web");
        copy.observed.containers.push({ ...old, id: "new", name: leftover, state: "created", digest });
      },
    );
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 pull-image image:db:2 [live]: is not on the node
      #2 create-containers service:lab-core/db [recreate] after #1: db: image 1 → 2
      #3 start-service service:lab-core/db [live] after #2: its containers are new
      #4 await-service service:lab-core/db [live] after #3: until it is healthy
      #5 remove-container service:lab-core/web (lab-core-web-1) [recreate] after #4: is left over from an interrupted replacement
      #6 rename-container service:lab-core/web to lab-core-web-1 [live] after #5: is still named 0123456789ab_lab-core-web-1 after an interrupted replacement
      #7 start-service service:lab-core/web [live] after #5: was never started
      #8 await-service service:lab-core/web [live] after #7: until it runs
      "
    `);
  });

  test("leaves one that is itself outdated by now", () => {
    const state = changed({ ...before, desired }, (copy) => {
      Object.assign(containerOf(copy, "lab-core/web"), { name: leftover });
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 pull-image image:web:1.0 [live]: is not on the node
      #2 create-containers service:lab-core/web [recreate] after #1: web: image 0.9 → 1.0
      #3 start-service service:lab-core/web [live] after #2: its containers are new
      #4 await-service service:lab-core/web [live] after #3: until it is healthy
      "
    `);
  });

  test("leaves one of several replicas twice", () => {
    const scaled = (image: string) => node({ core: { services: { web: { replicas: 2, image } } } });
    const state = changed({ ...applied(scaled("web:0.9")), desired: scaled("web:1.0") }, (copy) => {
      const old = containerOf(copy, "lab-core/web");
      const { digest = "" } = copy.desired.instances[0]?.services[0]?.digests[0] ?? {};
      copy.observed.containers.push({ ...old, id: "new", name: leftover, state: "created", digest });
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 pull-image image:web:1.0 [live]: is not on the node
      #2 remove-container service:lab-core/web (lab-core-web-1) [recreate] after #1: is left over from an interrupted replacement
      #3 create-containers service:lab-core/web [recreate] after #2: web: image 0.9 → 1.0
      #4 rename-container service:lab-core/web to lab-core-web-1 [live] after #2: is still named 0123456789ab_lab-core-web-1 after an interrupted replacement
      #5 start-service service:lab-core/web [live] after #3: its containers are new
      #6 await-service service:lab-core/web [live] after #5: until it runs
      "
    `);
  });
});

describe("replicas", () => {
  const scaled = (replicas: number) => node({ core: { services: { web: { replicas } } } });

  test("more of them are added and none is touched", () => {
    expect(planText({ ...applied(scaled(1)), desired: scaled(3) })).toMatchInlineSnapshot(`
      "#1 create-containers service:lab-core/web [live]: web: 1 of 3 containers
      #2 start-service service:lab-core/web [live] after #1: its containers are new
      #3 await-service service:lab-core/web [live] after #2: until it runs
      "
    `);
  });

  test("fewer of them: the highest numbers go", () => {
    expect(planText({ ...applied(scaled(3)), desired: scaled(1), policy: permitted })).toMatchInlineSnapshot(`
      "#1 remove-container service:lab-core/web (lab-core-web-2) [recreate]: is more than the 1 wanted
      #2 remove-container service:lab-core/web (lab-core-web-3) [recreate]: is more than the 1 wanted
      "
    `);
  });

  test("none of them, and nothing to do afterwards", () => {
    expect(planText({ ...applied(scaled(2)), desired: scaled(0), policy: permitted })).toMatchInlineSnapshot(`
      "#1 remove-container service:lab-core/web (lab-core-web-1) [recreate]: its service is to have no container
      #2 remove-container service:lab-core/web (lab-core-web-2) [recreate]: its service is to have no container
      "
    `);
    expect(planText(applied(scaled(0)))).toBe("nothing to do\n");
  });

  test("one that was made again under the next number is one of them", () => {
    const state = changed(applied(scaled(3)), ({ observed }) => {
      const [, second] = observed.containers;
      if (second !== undefined)
        observed.containers[1] = { ...second, id: "new", name: "lab-core-web-4", number: 4 };
    });
    expect(planText(state)).toBe("nothing to do\n");
  });

  test("a copy never counts as one of them", () => {
    const state = changed({ ...applied(scaled(1)), desired: scaled(2) }, (copy) => {
      copy.observed.containers.push({
        ...containerOf(copy, "lab-core/web"),
        id: "copy",
        ownership: "forged",
        name: "lab-core-web-2",
      });
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "! service:lab-core/web [K3021] container lab-core-web-2 stands in the place of lab-core/web and is not this node's
      ? container:lab-core-web-2 [K3022] container lab-core-web-2 carries labels of Keelson that this node did not give it; it is left alone
      "
    `);
  });

  test("one more than wanted, as the record knows, is removed", () => {
    const state = { ...applied(scaled(2)), desired: scaled(1) };
    expect(planText(state)).toContain("remove-container service:lab-core/web (lab-core-web-2)");
  });

  test("too many of them are gone before the service is waited for", () => {
    const pair = (replicas: number) =>
      node({
        core: { services: { web: { replicas, healthcheck: true }, api: { dependsOn: ["web:healthy"] } } },
      });
    const state = changed({ ...applied(pair(2)), desired: pair(1) }, (copy) => {
      for (const each of copy.observed.containers) each.health = "unhealthy";
      containerOf(copy, "lab-core/api").state = "exited";
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 remove-container service:lab-core/web (lab-core-web-2) [recreate]: is more than the 1 wanted
      #2 await-service service:lab-core/web [live] after #1: until it is healthy
      #3 start-service service:lab-core/api [live] after #2: is not running (exit code 0)
      #4 await-service service:lab-core/api [live] after #3: until it runs
      "
    `);
  });

  test("ten of them lose the tenth first", () => {
    expect(planText({ ...applied(scaled(10)), desired: scaled(9) })).toContain("(lab-core-web-10)");
  });
});

describe("a one-shot", () => {
  const withJob = (job: object) =>
    node({ core: { services: { job: { oneShot: true, ...job }, web: { dependsOn: ["job:completed"] } } } });
  const done = applied(withJob({}));

  test("that has done its work is in sync", () => {
    expect(containerOf(done, "lab-core/job").state).toBe("exited");
    expect(planText(done)).toBe("nothing to do\n");
  });

  test("that failed runs again", () => {
    const failed = changed(done, (copy) => Object.assign(containerOf(copy, "lab-core/job"), { exitCode: 2 }));
    expect(planText(failed)).toMatchInlineSnapshot(`
      "#1 start-service service:lab-core/job [live]: is not running (exit code 2)
      #2 await-service service:lab-core/job [live] after #1: until it has done its work
      "
    `);
  });

  test("that still runs is waited for by what needs it", () => {
    const state = changed(done, (copy) => {
      containerOf(copy, "lab-core/job").state = "running";
      containerOf(copy, "lab-core/web").state = "exited";
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 await-service service:lab-core/job [live]: until it has done its work
      #2 start-service service:lab-core/web [live] after #1: is not running (exit code 0)
      #3 await-service service:lab-core/web [live] after #2: until it runs
      "
    `);
  });

  test("with another digest runs once more", () => {
    expect(planText({ ...done, desired: withJob({ environment: "new" }) })).toMatchInlineSnapshot(`
      "#1 create-containers service:lab-core/job [recreate]: job: environment added
      #2 start-service service:lab-core/job [live] after #1: its containers are new
      #3 await-service service:lab-core/job [live] after #2: until it has done its work
      "
    `);
  });

  test("does not do its work twice because its network is gone", () => {
    const state = changed(done, (copy) => Object.assign(containerOf(copy, "lab-core/job"), { networks: [] }));
    expect(planText(state)).toBe("nothing to do\n");
  });
});

describe("a job of which nobody awaits the end", () => {
  const withJob = (job: object) =>
    node({ core: { services: { job: { job: true, ...job }, web: { dependsOn: ["job"] } } } });
  const running = applied(withJob({}));
  const being = (state: Partial<ObservedContainer>) =>
    planText(changed(running, (copy) => Object.assign(containerOf(copy, "lab-core/job"), state)));

  test("is in sync while it runs, and when it has ended with 0", () => {
    expect(containerOf(running, "lab-core/job").state).toBe("running");
    expect(planText(running)).toBe("nothing to do\n");
    expect(being({ state: "exited" })).toBe("nothing to do\n");
  });

  test("runs again after a failure, and is waited for until it runs", () => {
    expect(being({ state: "exited", exitCode: 2 })).toMatchInlineSnapshot(`
      "#1 start-service service:lab-core/job [live]: is not running (exit code 2)
      #2 await-service service:lab-core/job [live] after #1: until it runs or has ended
      "
    `);
  });

  test("that was stopped with its instance runs again with it, and only once", () => {
    const withState = (state: "installed" | "running") =>
      node({ core: { state, services: { job: { job: true }, done: { oneShot: true } } } });
    const stopped = changed(applied(withState("installed")), (copy) => {
      for (const service of ["job", "done"]) containerOf(copy, `lab-core/${service}`).state = "exited";
    });
    const desired = withState("running");
    expect(planText({ ...stopped, desired })).toContain("start-service service:lab-core/job");
    expect(planText({ ...stopped, desired })).not.toContain("lab-core/done");
    const record = { ...stopped.record, starts: { "lab-core/job": ["2026-11-20T07:00:01Z"] } };
    expect(planText({ ...stopped, desired, record })).toBe("nothing to do\n");
  });

  test("that has ended is there for what depends on it", () => {
    const state = changed(running, (copy) => {
      containerOf(copy, "lab-core/job").state = "exited";
      containerOf(copy, "lab-core/web").state = "exited";
      containerOf(copy, "lab-core/web").exitCode = 1;
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 start-service service:lab-core/web [live]: is not running (exit code 1)
      #2 await-service service:lab-core/web [live] after #1: until it runs
      "
    `);
  });
});
