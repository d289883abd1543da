import { describe, expect, test } from "vitest";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import { applied, changed, container, containerOf } from "./node-fixture.ts";
import { planOf, planText, permitted } from "./plan-fixture.ts";
import { emptyObserved } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { emptyRecord, resourceIds } from "@keelson/model";

const storage: InstanceSketch = {
  services: { db: { volumes: ["data"] }, cache: {} },
  volumes: { data: "local" },
};
const core: InstanceSketch = {
  after: ["storage"],
  services: {
    app: { dependsOn: ["worker"] },
    worker: {},
    nginx: { dependsOn: ["app"], ports: [80] },
    metrics: {},
  },
};
const mail: InstanceSketch = { services: { mail: {} } };
const platform = node({ core, storage, mail });
const empty = { desired: platform, observed: emptyObserved, record: emptyRecord };

function heldBy(holder: string | null, before: SimulatedNode): SimulatedNode {
  return changed(before, ({ observed }) => {
    observed.heldPorts = [{ hostIp: "", port: 80, protocol: "tcp", container: holder }];
  });
}

test("a port that another program holds says how to find it", () => {
  const { blocked } = planOf(heldBy(null, empty));
  expect(blocked.find(({ code }) => code === "K3004")?.hint).toMatch(/^See which: ss -lnp 'sport = :80'\. /);
});

describe("a blocked service", () => {
  test("blocks only what depends on it", () => {
    const state = changed(empty, ({ observed }) => {
      observed.containers = [container("rival", { project: "lab-core", service: "worker" })];
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 pull-image image:cache:1.0 [live]: is not on the node
      #2 pull-image image:db:1.0 [live]: is not on the node
      #3 pull-image image:metrics:1.0 [live]: is not on the node
      #4 pull-image image:mail:1.0 [live]: is not on the node
      #5 create-network network:lab-storage_default [live]: does not exist yet
      #6 create-network network:lab-core_default [live]: does not exist yet
      #7 create-network network:lab-mail_default [live]: does not exist yet
      #8 create-volume volume:lab-storage_data [live]: does not exist yet
      #9 create-containers services:lab-storage/{cache,db} [live] after #1 #2 #5 #8: cache: no container yet; db: no container yet
      #10 start-service service:lab-storage/cache [live] after #9: its containers are new
      #11 await-service service:lab-storage/cache [live] after #10: until it runs
      #12 start-service service:lab-storage/db [live] after #9: its containers are new
      #13 await-service service:lab-storage/db [live] after #12: until it runs
      #14 create-containers service:lab-core/metrics [live] after #3 #6: metrics: no container yet
      #15 start-service service:lab-core/metrics [live] after #11 #13 #14: its containers are new
      #16 await-service service:lab-core/metrics [live] after #15: until it runs
      #17 create-containers service:lab-mail/mail [live] after #4 #7: mail: no container yet
      #18 start-service service:lab-mail/mail [live] after #17: its containers are new
      #19 await-service service:lab-mail/mail [live] after #18: until it runs
      ! service:lab-core/app [K3023] lab-core/app waits for lab-core/worker, which is blocked
      ! service:lab-core/nginx [K3023] lab-core/nginx waits for lab-core/app, which is blocked
      ! service:lab-core/worker [K3021] container rival stands in the place of lab-core/worker and is not this node's
      ? container:rival [K3020] container rival is in the project lab-core and not Keelson's; it is left alone
      "
    `);
  });

  test("blocks what depends on it in other instances", () => {
    const state = changed(empty, ({ observed }) => {
      observed.containers = [container("rival", { project: "lab-storage", service: "db" })];
    });
    const plan = planOf(state);
    expect(plan.blocked.map(({ resource, code }) => `${resource} ${code}`)).toMatchInlineSnapshot(`
      [
        "service:lab-core/app K3023",
        "service:lab-core/metrics K3023",
        "service:lab-core/nginx K3023",
        "service:lab-core/worker K3023",
        "service:lab-storage/db K3021",
      ]
    `);
    expect(plan.operations.map(({ resource }) => resource)).not.toContain("service:lab-core/app");
  });

  test("that runs as before does not keep others from being started again", () => {
    const desired = node({
      core,
      storage: {
        ...storage,
        volumes: { data: "nfs" },
        services: { ...storage.services, db: { volumes: ["data"], image: "db:2.0" } },
      },
      mail,
    });
    const state = changed({ ...applied(platform), desired }, (copy) => {
      containerOf(copy, "lab-core/metrics").state = "exited";
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 start-service service:lab-core/metrics [live]: is not running (exit code 0)
      #2 await-service service:lab-core/metrics [live] after #1: until it runs
      ! service:lab-storage/db [K3023] lab-storage/db waits for volume lab-storage_data, which is blocked
      ! volume:lab-storage_data [K3012] the definition of volume lab-storage_data changed; Keelson does not make a volume anew, its data would be lost
      "
    `);
  });

  test("has no files placed, no signal sent, and nothing noted as loaded", () => {
    const withFile = (content: string, image: string) =>
      node({
        core: {
          services: { web: { image } },
          mounts: [{ services: ["web"], files: [{ to: "conf/a", onChange: "signal:HUP", content }] }],
        },
      });
    const state = changed(
      { ...applied(withFile("old", "web:1.0")), desired: withFile("new", "web:1.1") },
      ({ observed }) => {
        observed.containers.push(container("rival", { project: "lab-core", service: "web" }));
      },
    );
    expect(planOf(state).operations).toEqual([]);
  });

  test("is stopped all the same when its instance is to be installed only", () => {
    const installed = (image: string) => node({ core: { state: "installed", services: { web: { image } } } });
    const running = applied(node({ core: { services: { web: {} } } }));
    const state = changed({ ...running, desired: installed("web:2.0") }, ({ observed }) => {
      observed.containers.push(container("rival", { project: "lab-core", service: "web" }));
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 stop-container service:lab-core/web (lab-core-web-1) [restart]: is to be installed, not running
      ! service:lab-core/web [K3021] container rival stands in the place of lab-core/web and is not this node's
      ? container:rival [K3020] container rival is in the project lab-core and not Keelson's; it is left alone
      "
    `);
  });

  test("keeps the one whose namespace it shares from being replaced without it", () => {
    const shared = (image: string) =>
      node({ core: { services: { net: { image }, tunnel: { sharesWith: ["net"], dependsOn: ["net!"] } } } });
    const state = changed({ ...applied(shared("net:1")), desired: shared("net:2") }, ({ observed }) => {
      observed.containers.push(container("rival", { project: "lab-core", service: "tunnel" }));
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "! service:lab-core/net [K3023] lab-core/net waits for lab-core/tunnel, which is blocked
      ! service:lab-core/tunnel [K3021] container rival stands in the place of lab-core/tunnel and is not this node's
      ? container:rival [K3020] container rival is in the project lab-core and not Keelson's; it is left alone
      "
    `);
  });
});

describe("networks and volumes of our names", () => {
  test("a network that is not ours", () => {
    const state = changed(empty, ({ observed }) => {
      observed.networks = [
        { id: "n", name: "lab-core_default", ownership: "foreign", flaw: "", project: "", digest: "" },
      ];
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 pull-image image:cache:1.0 [live]: is not on the node
      #2 pull-image image:db:1.0 [live]: is not on the node
      #3 pull-image image:mail:1.0 [live]: is not on the node
      #4 create-network network:lab-storage_default [live]: does not exist yet
      #5 create-network network:lab-mail_default [live]: does not exist yet
      #6 create-volume volume:lab-storage_data [live]: does not exist yet
      #7 create-containers services:lab-storage/{cache,db} [live] after #1 #2 #4 #6: cache: no container yet; db: no container yet
      #8 start-service service:lab-storage/cache [live] after #7: its containers are new
      #9 await-service service:lab-storage/cache [live] after #8: until it runs
      #10 start-service service:lab-storage/db [live] after #7: its containers are new
      #11 await-service service:lab-storage/db [live] after #10: until it runs
      #12 create-containers service:lab-mail/mail [live] after #3 #5: mail: no container yet
      #13 start-service service:lab-mail/mail [live] after #12: its containers are new
      #14 await-service service:lab-mail/mail [live] after #13: until it runs
      ! network:lab-core_default [K3007] a network named lab-core_default exists that this node did not make
      ! service:lab-core/app [K3023] lab-core/app waits for network lab-core_default, which is blocked
      ! service:lab-core/metrics [K3023] lab-core/metrics waits for network lab-core_default, which is blocked
      ! service:lab-core/nginx [K3023] lab-core/nginx waits for network lab-core_default, which is blocked
      ! service:lab-core/worker [K3023] lab-core/worker waits for network lab-core_default, which is blocked
      "
    `);
  });

  test("a second network of that name, which engine 20.10 permits", () => {
    const state = changed(
      {
        ...applied(platform),
        desired: node({ core, storage, mail: { services: { mail: { image: "mail:2" } } } }),
      },
      ({ observed }) => {
        observed.networks.unshift({
          id: "n",
          name: "lab-mail_default",
          ownership: "foreign",
          flaw: "",
          project: "",
          digest: "",
        });
      },
    );
    expect(planText(state)).toMatchInlineSnapshot(`
      "! network:lab-mail_default [K3007] a network named lab-mail_default exists that this node did not make
      ! service:lab-mail/mail [K3023] lab-mail/mail waits for network lab-mail_default, which is blocked
      "
    `);
  });

  test("a volume that is not ours", () => {
    const state = changed(empty, ({ observed }) => {
      observed.volumes = [
        {
          name: "lab-storage_data",
          ownership: "foreign",
          flaw: "",
          project: "",
          digest: "",
          format: null,
          generation: 1,
        },
      ];
    });
    const plan = planOf(state);
    expect(plan.blocked.find(({ resource }) => resource === "volume:lab-storage_data"))
      .toMatchInlineSnapshot(`
        {
          "code": "K3007",
          "hint": "To use it as it is, let the Compose file say external: true and name: lab-storage_data, and permit volumes: ["lab-storage_data"]. If the data is not needed, remove it: docker volume rm lab-storage_data",
          "message": "a volume named lab-storage_data exists that this node did not make; its data is left alone",
          "resource": "volume:lab-storage_data",
        }
      `);
    expect(plan.operations.filter(({ kind }) => kind === "create-volume")).toEqual([]);
  });

  describe("with labels of ours", () => {
    const volume = resourceIds.volume("lab-storage_data");
    const network = resourceIds.network("lab-storage_default");
    const db = resourceIds.service("lab-storage", "db");
    /** The database does not run, and everything that it needs is there. */
    const stopped = changed(applied(node({ storage })), (copy) => {
      Object.assign(containerOf(copy, "lab-storage/db"), { state: "exited", exitCode: 1 });
    });
    const verdict = (change: (copy: SimulatedNode) => void) => {
      const { blocked, operations } = planOf(changed(stopped, change));
      const isStarted = operations.some(({ kind, resource }) => kind === "start-service" && resource === db);
      return { isStarted, blocked: blocked.map(({ resource, code }) => `${code} ${resource}`) };
    };

    test("a volume that is another one is not even mounted again", () => {
      const found = verdict(({ observed }) => {
        for (const each of observed.volumes) Object.assign(each, { ownership: "forged", flaw: "x" });
      });
      expect(found).toEqual({ isStarted: false, blocked: [`K3023 ${db}`, `K3027 ${volume}`] });
    });

    test("a network that is another one is not even joined again", () => {
      const found = verdict(({ observed }) => {
        for (const each of observed.networks) Object.assign(each, { ownership: "forged", flaw: "x" });
      });
      expect(found).toEqual({ isStarted: false, blocked: [`K3026 ${network}`, `K3023 ${db}`] });
    });

    test("another network beside ours keeps nothing from being started in ours", () => {
      const found = verdict(({ observed }) => {
        const [own] = observed.networks;
        if (own !== undefined)
          observed.networks.push({ ...own, id: "other", ownership: "forged", flaw: "x" });
      });
      expect(found).toEqual({ isStarted: true, blocked: [`K3026 ${network}`] });
    });

    test("a network of which nothing is known is left to those that are in it", () => {
      const found = verdict(({ observed }) => {
        for (const each of observed.networks) each.ownership = "unproven";
      });
      expect(found).toEqual({ isStarted: true, blocked: [`K3025 ${network}`] });
    });
  });

  test("a volume whose definition changed is said, also when nothing else changes, and stays as it is", () => {
    const desired = node({ core, storage: { ...storage, volumes: { data: "nfs" } }, mail });
    expect(planText({ ...applied(platform), desired })).toMatchInlineSnapshot(`
      "! volume:lab-storage_data [K3012] the definition of volume lab-storage_data changed; Keelson does not make a volume anew, its data would be lost
      "
    `);
  });

  test("a volume with data that the version cannot read keeps its services as they are", () => {
    const reading = (image: string, reads: string) => {
      const desired = node({
        core: { services: { db: { image, volumes: ["data"] } }, volumes: { data: "" } },
      });
      for (const volume of desired.instances.flatMap(({ volumes }) => volumes))
        Object.assign(volume, { format: 8, reads });
      return desired;
    };
    const holding = changed(applied(reading("db:1.0", ">=6 <9")), ({ observed }) => {
      for (const volume of observed.volumes) volume.format = 7;
    });
    expect(planText({ ...holding, desired: reading("db:2.0", ">=8 <10") })).toMatchInlineSnapshot(`
      "! service:lab-core/db [K3023] lab-core/db waits for volume lab-core_data, which is blocked
      ! volume:lab-core_data [K3031] volume lab-core_data holds data of format 7, and this version reads >=8 <10
      "
    `);
    expect(planOf({ ...holding, desired: reading("db:2.0", ">=7 <10") }).blocked).toEqual([]);
  });

  test("do not matter to an instance that is staged only", () => {
    const state = changed(
      { ...empty, desired: node({ mail: { ...mail, state: "staged" } }) },
      ({ observed }) => {
        observed.networks = [
          { id: "n", name: "lab-mail_default", ownership: "foreign", flaw: "", project: "", digest: "" },
        ];
      },
    );
    expect(planOf(state).blocked).toEqual([]);
  });
});

describe("a port", () => {
  const running = applied(platform);

  test("that another program holds", () => {
    expect(
      planText(
        heldBy(null, {
          ...applied(node({ core: { services: {} } })),
          desired: node({ core: { services: { nginx: { ports: [80] } } } }),
        }),
      ),
    ).toMatchInlineSnapshot(`
      "! service:lab-core/nginx [K3004] port 80/tcp is held by another program
      "
    `);
  });

  test("that a foreign container holds", () => {
    const state = heldBy(
      "squatter",
      changed({ ...running, desired: platform }, (copy) => {
        containerOf(copy, "lab-core/nginx").state = "exited";
        copy.observed.containers.push(container("squatter"));
      }),
    );
    expect(planText(state)).toMatchInlineSnapshot(`
      "! service:lab-core/nginx [K3004] port 80/tcp is held by container squatter
      ? container:squatter [K3020] container squatter is not Keelson's; it is left alone
      "
    `);
  });

  test("that is held matters to nobody who need not be started", () => {
    expect(planText(heldBy("squatter", running))).toBe("nothing to do\n");
    const desired = node({
      core: { ...core, state: "installed", services: { nginx: { ports: [80], image: "nginx:2" } } },
      storage,
      mail,
    });
    expect(planOf({ ...heldBy("squatter", { ...running, desired }), policy: permitted }).blocked).toEqual([]);
  });

  test("that a container holds which this plan removes", () => {
    const desired = node({ web: { services: { web: { ports: [80] } } }, storage, mail });
    expect(planText({ ...heldBy("lab-core-nginx-1", { ...running, desired }), policy: permitted }))
      .toMatchInlineSnapshot(`
      "#1 pull-image image:web:1.0 [live]: is not on the node
      #2 create-network network:lab-web_default [live]: does not exist yet
      #3 remove-container service:lab-core/metrics (lab-core-metrics-1) [recreate] after #1: is no longer desired
      #4 remove-container service:lab-core/nginx (lab-core-nginx-1) [recreate] after #1: is no longer desired
      #5 remove-container service:lab-core/app (lab-core-app-1) [recreate] after #4: is no longer desired
      #6 remove-container service:lab-core/worker (lab-core-worker-1) [recreate] after #5: is no longer desired
      #7 create-containers service:lab-web/web [live] after #1 #2: web: no container yet
      #8 start-service service:lab-web/web [live] after #4 #7: its containers are new
      #9 await-service service:lab-web/web [live] after #8: until it runs
      #10 remove-network network:lab-core_default [live] after #3 #6: is no longer desired
      "
    `);
  });

  test("that moves from one service to another of the same instance", () => {
    const desired = node({
      core: {
        ...core,
        services: { ...core.services, nginx: { dependsOn: ["app"], ports: [81] }, metrics: { ports: [80] } },
      },
      storage,
      mail,
    });
    expect(planText(heldBy("lab-core-nginx-1", { ...running, desired }))).toMatchInlineSnapshot(`
      "#1 create-containers services:lab-core/{metrics,nginx} [recreate]: metrics: ports added; nginx: ports changed
      #2 start-service service:lab-core/metrics [live] after #1: its containers are new
      #3 await-service service:lab-core/metrics [live] after #2: until it runs
      #4 start-service service:lab-core/nginx [live] after #1: its containers are new
      #5 await-service service:lab-core/nginx [live] after #4: until it runs
      "
    `);
  });

  test("that moves to an instance which is started earlier", () => {
    const desired = node({
      core: { ...core, services: { ...core.services, nginx: { dependsOn: ["app"] } } },
      storage,
      mail: { services: { mail: { ports: [80] } } },
    });
    expect(planText(heldBy("lab-core-nginx-1", { ...running, desired }))).toMatchInlineSnapshot(`
      "#1 create-containers service:lab-core/nginx [recreate]: nginx: ports removed
      #2 start-service service:lab-core/nginx [live] after #1: its containers are new
      #3 await-service service:lab-core/nginx [live] after #2: until it runs
      #4 create-containers service:lab-mail/mail [recreate]: mail: ports added
      #5 start-service service:lab-mail/mail [live] after #1 #4: its containers are new
      #6 await-service service:lab-mail/mail [live] after #5: until it runs
      "
    `);
  });

  test("that moves from a service to one which that service needs", () => {
    const desired = node({
      core: { services: { front: { ports: [80] }, nginx: { dependsOn: ["front"] } } },
    });
    const before = applied(node({ core: { services: { nginx: { ports: [80] } } } }));
    expect(planText(heldBy("lab-core-nginx-1", { ...before, desired }))).toMatchInlineSnapshot(`
      "#1 pull-image image:front:1.0 [live]: is not on the node
      #2 create-containers service:lab-core/front [live] after #1: front: no container yet
      #3 create-containers service:lab-core/nginx [recreate] after #1: nginx: ports removed
      #4 start-service service:lab-core/front [live] after #2 #3: its containers are new
      #5 await-service service:lab-core/front [live] after #4: until it runs
      #6 start-service service:lab-core/nginx [live] after #4: its containers are new
      #7 await-service service:lab-core/nginx [live] after #6: until it runs
      "
    `);
  });

  test("that its own container holds is no obstacle", () => {
    const desired = node({
      core: {
        ...core,
        services: { ...core.services, nginx: { ...core.services["nginx"], image: "nginx:2" } },
      },
      storage,
      mail,
    });
    expect(planOf(heldBy("lab-core-nginx-1", { ...running, desired })).blocked).toEqual([]);
  });

  test("that a container keeps which is itself blocked", () => {
    const desired = node({
      core: {
        ...core,
        services: { ...core.services, nginx: { dependsOn: ["app"], ports: [81] }, metrics: { ports: [80] } },
      },
      storage,
      mail,
    });
    const state = changed(heldBy("lab-core-nginx-1", { ...running, desired }), ({ observed }) => {
      observed.containers.push(container("rival", { project: "lab-core", service: "nginx" }));
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "! service:lab-core/metrics [K3004] port 80/tcp is held by container lab-core-nginx-1
      ! service:lab-core/nginx [K3021] container rival stands in the place of lab-core/nginx and is not this node's
      ? container:rival [K3020] container rival is in the project lab-core and not Keelson's; it is left alone
      "
    `);
  });
});
