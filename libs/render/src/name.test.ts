import type { Grants } from "@keelson/model";
import { describe, expect, test } from "vitest";

import {
  type Models,
  build,
  corePackage,
  desiredOf,
  models,
  platform,
  problemText,
  render,
  repositoryOf,
  serviceOf,
  withService,
} from "./fixture.ts";

const environmentPath = "environments/lab/environment.yaml";
const composePath = `${corePackage}/compose.yaml`;
const environment = platform[environmentPath] ?? "";

/** Codes and paths of what does not fit together. */
function faults(changed: Models, changes: Record<string, string> = {}): string[] {
  const { rendered } = render(changes);
  const { desired, problems } = build(rendered, { models: changed, repository: repositoryOf(changes) });
  expect(desired === null).toBe(problems.length > 0);
  return problems.map(({ code, path, line }) => `${code} ${path}:${line}`);
}

/** Whom each fault holds up where the rest goes on. */
function heldBy(changed: Models): string[] {
  const { rendered } = render({});
  const { problems } = build(rendered, { models: changed, repository: repositoryOf({}) });
  return problems.map(({ code, instances = [] }) => `${code} ${instances.join(" ")}`);
}

function storage(parts: Models["storage"]): Models {
  return { ...models, storage: { ...models.storage, ...parts } };
}

const core = (parts: Models["core"]): Models => ({ ...models, core: { ...models.core, ...parts } });

describe("a container's name", () => {
  test("is the one that its Compose file gives, and counts in the service's digest", () => {
    const named = desiredOf({}, { models: withService("nginx", { container_name: "front" }) });
    expect(serviceOf(named, "core/nginx").containerName).toBe("front");
    expect(named.instances[0]?.compose.services["nginx"]?.container_name).toBe("front");
    expect(serviceOf(desiredOf(), "core/nginx")).not.toHaveProperty("containerName");
    expect(serviceOf(named, "core/nginx").digests[0].digest).not.toBe(
      serviceOf(desiredOf(), "core/nginx").digests[0].digest,
    );
  });

  test("is one service's on a node", () => {
    const twice = withService("nginx", { container_name: "front" });
    const other = { ...models.storage.services?.["db"], image: "db:1.0", container_name: "front" };
    expect(faults({ ...twice, storage: { ...models.storage, services: { db: other } } })).toEqual([
      "K1337 services.db.container_name:2",
    ]);
    expect(faults(withService("nginx", { container_name: "lab-core-app-1" }))).toEqual([
      "K1337 services.nginx.container_name:5",
    ]);
    expect(faults(withService("nginx", { container_name: "lab-core-app-x" }))).toEqual([]);
  });

  test("is no other's by the words of Compose's rule either", () => {
    // Both would be lab-core-x-db-1.
    const changes = {
      [environmentPath]: environment.replace(
        "{ package: sample/storage",
        "{ project: lab-core-x, package: sample/storage",
      ),
    };
    expect(changes[environmentPath]).toContain("lab-core-x");
    expect(faults(withService("x-db", {}), changes)).toContainEqual(
      expect.stringMatching(/^K1337 services\.(?:x-)?db:/),
    );
    expect(faults(withService("y-db", {}), changes).join()).not.toContain("K1337");
  });

  test("that a file gives holds up its own instance, and not the one that has it by Compose's rule", () => {
    const db = models.storage.services?.["db"];
    const taken = (containerName: string) => ({ ...db, image: "db:1.0", container_name: containerName });
    expect(heldBy(storage({ services: { db: taken("lab-core-nginx-1") } }))).toEqual(["K1337 storage"]);
    const twice = withService("nginx", { container_name: "front" });
    expect(heldBy({ ...twice, storage: { ...models.storage, services: { db: taken("front") } } })).toEqual([
      "K1337 core storage",
    ]);
  });

  test("can be that of a service without containers, too", () => {
    const twice = withService("nginx", { container_name: "front" });
    const other = { ...models.storage.services?.["db"], image: "db:1.0", container_name: "front", scale: 0 };
    expect(faults({ ...twice, storage: { ...models.storage, services: { db: other } } })).toEqual([]);
  });
});

describe("a number of containers", () => {
  const scaled = (text: string) => ({
    [environmentPath]: environment.replace("{ package: sample/core }", `{ package: sample/core, ${text} }`),
  });

  test("of the environment wins, and makes no container anew", () => {
    const three = desiredOf(scaled("scale: { nginx: 3 }"), {
      models: withService("nginx", { deploy: { replicas: 2 } }),
    });
    const before = desiredOf({}, { models: withService("nginx", { deploy: { replicas: 2 } }) });
    expect([before, three].map((each) => serviceOf(each, "core/nginx").replicas)).toEqual([2, 3]);
    expect(three.instances[0]?.compose.services["nginx"]).toMatchObject({
      scale: 3,
      deploy: { replicas: 3 },
    });
    expect(serviceOf(three, "core/nginx").digests).toEqual(serviceOf(before, "core/nginx").digests);
    expect(three.digest).not.toBe(before.digest);
  });

  test("can be none", () => {
    expect(serviceOf(desiredOf(scaled("scale: { nginx: 0 }")), "core/nginx").replicas).toBe(0);
  });

  test("of a service that is not there is told with the one that was meant", () => {
    const changes = scaled("scale: { ngin: 2 }");
    const { problems } = build(render(changes).rendered, { repository: repositoryOf(changes) });
    expect(problemText(problems)).toMatchInlineSnapshot(`
      "error[K1338] environments/lab/environment.yaml:4:42 instance core has no service \`ngin\` to scale
         4 |   core: { package: sample/core, scale: { ngin: 2 } }
           |                                          ^
        hint: did you mean \`nginx\`?
      "
    `);
  });

  test("is one where there is a name or a port for one", () => {
    const named = withService("nginx", { container_name: "front", scale: 2 });
    expect(faults(named)).toEqual(["K1339 services.nginx.container_name:5"]);
    const port = [{ target: 80, published: "8080", protocol: "tcp" }];
    expect(faults(withService("nginx", { ports: port }), scaled("scale: { nginx: 2 }"))).toEqual([
      "K1339 instances.core.scale.nginx:4",
    ]);
    expect(faults(withService("nginx", { ports: [{ target: 80 }] }), scaled("scale: { nginx: 2 }"))).toEqual(
      [],
    );
  });
});

describe("a network's name", () => {
  test("is the one that its Compose file gives", () => {
    const named = desiredOf(
      {},
      {
        models: {
          core: {
            ...models.core,
            networks: { ...models.core.networks, stores: { name: "shared", external: true } },
          },
          storage: { ...models.storage, networks: { stores: { name: "shared", internal: true } } },
        },
      },
    );
    expect(named.instances[1]?.networks).toMatchObject([{ key: "stores", name: "shared" }]);
    expect(serviceOf(named, "core/app").networks).toEqual(["lab-core_default", "shared"]);
    expect(named.instances[0]?.after).toEqual(["storage"]);
  });

  test("is one owner's", () => {
    const both = {
      ...core({
        networks: { default: { name: "shared" }, stores: { name: "lab-storage_stores", external: true } },
      }),
      storage: { ...models.storage, networks: { stores: { name: "shared" } } },
    };
    const found = faults(both);
    expect(found[0]).toBe("K1310 networks.stores:8");
    expect(found).toContain("K1336 networks.stores:1");
  });

  test("that a file gives holds up its own instance, and not the one that has it by Compose's rule", () => {
    const named = { ...models.core.networks, stores: { name: "lab-storage_stores" } };
    expect(heldBy(core({ networks: named }))).toContain("K1336 core");
  });

  test("in the environment's networks is the environment's alone", () => {
    const changes = {
      [environmentPath]: `${environment}networks: { lab-storage_stores: { internal: true } }\n`,
    };
    expect(faults(models, changes)).toEqual(["K1336 networks.stores:1"]);
  });
});

describe("a network of the environment", () => {
  const proxy = `${environment}networks: { proxy: { internal: true, ipam: { config: [{ subnet: 10.9.0.0/24 }] } }, unused: }\n`;
  const joining = core({
    networks: {
      default: { name: "lab-core_default", ipam: {} },
      stores: { name: "proxy", external: true },
    },
  });

  test("is made where an instance joins it, under exactly its name", () => {
    const desired = desiredOf({ [environmentPath]: proxy }, { models: joining });
    expect(desired.networks).toEqual([
      {
        key: "proxy",
        name: "proxy",
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        definition: { internal: true, ipam: { config: [{ subnet: "10.9.0.0/24" }] } },
      },
    ]);
    expect(serviceOf(desired, "core/app").networks).toEqual(["lab-core_default", "proxy"]);
    expect(desiredOf({ [environmentPath]: proxy }).networks).toEqual([]);
  });

  test("has a subnet that is nobody else's", () => {
    const other = {
      ...joining,
      storage: {
        ...models.storage,
        networks: { stores: { name: "lab-storage_stores", ipam: { config: [{ subnet: "10.9.0.128/25" }] } } },
      },
    };
    expect(faults(other, { [environmentPath]: proxy })).toEqual([
      "K1322 networks.stores.ipam.config[0].subnet:1",
    ]);
  });

  /** As rendered, with what the environment permits the package of `core`. */
  const permitting = (changes: Record<string, string>, allow: Grants | "all") => {
    const { rendered } = render(changes);
    if (rendered === null) throw new Error("nothing was rendered");
    const instances = rendered.instances.map((each) => ({ ...each, compose: { ...each.compose, allow } }));
    return build({ ...rendered, instances }, { models: joining });
  };

  test.each<[Grants | "all", boolean | undefined]>([
    [{}, undefined],
    [{ networks: ["other"] }, undefined],
    [{ networks: ["proxy"] }, true],
    ["all", true],
  ])("may be one that somebody else has made with %j: %s", (allow, mayBe) => {
    const { desired } = permitting({ [environmentPath]: proxy }, allow);
    expect(desired?.networks[0]?.mayBeForeign).toBe(mayBe);
  });

  test("that nobody desired makes must be permitted", () => {
    expect(permitting({}, {}).problems.map(({ code }) => code)).toEqual(["K1310"]);
    const { desired } = permitting({}, { networks: ["proxy"] });
    expect(desired?.networks).toEqual([]);
    expect(desired?.instances[0]?.compose.networks["stores"]).toEqual({ name: "proxy", external: true });
  });
});

describe("the name of the project", () => {
  const named = (line: string) => ({ [composePath]: `${line}\n${platform[composePath]}` });

  test("gives way to the instance's, which is said", () => {
    expect(problemText(render(named("name: my-stack # old")).warnings)).toMatchInlineSnapshot(`
      "error[K1335] releases/sample/1.0.0/packages/core/compose.yaml:1:1 the project is lab-core, as instance core says, and not my-stack
         1 | name: my-stack # old
           | ^
        hint: To keep the project, write project: my-stack under instances.core in environment.yaml; or leave the line out.
      "
    `);
  });

  test.each(["name: lab-core", "x-name: other", "# name: other"])("is no matter in %s", (line) => {
    expect(render(named(line)).warnings).toEqual([]);
  });
});

describe("a volume's name", () => {
  test("is the one that its Compose file gives, and the data is not found under another", () => {
    const named = desiredOf({}, { models: storage({ volumes: { data: { name: "old_data" } } }) });
    expect(named.instances[1]?.volumes).toMatchObject([{ key: "data", name: "old_data", format: 6 }]);
    expect(serviceOf(named, "storage/db").volumes).toEqual(["old_data"]);
    const before = desiredOf();
    expect(serviceOf(named, "storage/db").digests[0].parts["volumes"]).not.toBe(
      serviceOf(before, "storage/db").digests[0].parts["volumes"],
    );
  });

  test("of an external one is nothing that the instance makes", () => {
    const manifest = {
      "releases/sample/1.0.0/packages/storage/package.yaml":
        "name: storage\nversion: 1.0.0\nprovides: { store: 6.0.0 }\nrole: storage\n",
    };
    const desired = desiredOf(manifest, {
      models: storage({ volumes: { data: { name: "archive", external: true } } }),
    });
    expect(desired.instances[1]?.volumes).toEqual([]);
    expect(serviceOf(desired, "storage/db")).toMatchObject({ volumes: [], externalVolumes: ["archive"] });
    expect(serviceOf(desired, "storage/db").places).toMatchObject([{ path: "/data", volume: "archive" }]);
    expect(desired.instances[1]?.compose.volumes).toEqual({ data: { name: "archive", external: true } });
  });

  test("is nobody else's", () => {
    const found = faults({
      ...storage({ volumes: { data: { name: "old_data" } } }),
      core: { ...models.core, volumes: { old: { name: "old_data" } } },
    });
    expect(found).toEqual(["K1435 volumes.data:5"]);
  });
});
