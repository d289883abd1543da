import { type DesiredNode, digestValue, labels } from "@keelson/model";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { DigestAlgorithm } from "./digest-algorithm.ts";
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
  secretsOf,
  serviceOf,
  withFile,
  withService,
} from "./fixture.ts";
import { digestAlgorithms } from "./service-digest.ts";

const packagePath = `${corePackage}/package.yaml`;
const composePath = `${corePackage}/compose.yaml`;
const templatePath = `${corePackage}/config/core.yml.liquid`;
const environmentPath = "environments/lab/environment.yaml";

/** Names of services whose digest differs. */
function changedServices(before: DesiredNode, after: DesiredNode): string[] {
  return before.instances.flatMap((instance) =>
    instance.services
      .filter(
        ({ name, digests: [{ digest }] }) =>
          serviceOf(after, `${instance.name}/${name}`).digests[0].digest !== digest,
      )
      .map(({ name }) => `${instance.name}/${name}`),
  );
}

function mountOf(desired: DesiredNode, source: string) {
  const mounts = desired.instances.flatMap((instance) => instance.mounts);
  const found = mounts.find((mount) => mount.source === source);
  if (found === undefined) throw new Error(`no mount ${source}`);
  return found;
}

/** The platform with the one file of `core/conf` in another class. */
function classOf(onChange: string, text?: string): Record<string, string> {
  const manifest = (platform[packagePath] ?? "").replace("onChange: restart", `onChange: ${onChange}`);
  return { [packagePath]: manifest, ...(text === undefined ? {} : { [templatePath]: text }) };
}

describe("the desired state", () => {
  const desired = desiredOf();

  test("has networks and volumes with the engine's names, and joins other instances after their owner", () => {
    const [core, storage] = desired.instances;
    expect(core).toMatchObject({ name: "core", project: "lab-core", after: ["storage"] });
    expect(core?.networks).toMatchObject([
      { key: "default", name: "lab-core_default", definition: { ipam: {} } },
    ]);
    expect(serviceOf(desired, "core/app").networks).toEqual(["lab-core_default", "lab-storage_stores"]);
    expect(storage?.networks).toMatchObject([
      { key: "stores", name: "lab-storage_stores", definition: { internal: true } },
    ]);
    expect(storage?.volumes).toMatchObject([
      { key: "data", name: "lab-storage_data", format: 6, generation: 1, definition: {} },
    ]);
    expect(serviceOf(desired, "storage/db").volumes).toEqual(["lab-storage_data"]);
  });

  test("starts an instance after the owner of a network that it joins, required or not", () => {
    const manifest = (platform[packagePath] ?? "").replace("requires: { store: ^6.0.0 }\n", "");
    const text = "domain: {{ settings.domain }}\n";
    expect(desiredOf({ [packagePath]: manifest, [templatePath]: text }).instances[0]?.after).toEqual([
      "storage",
    ]);
  });

  test("is run with our labels, everything external, and sources in their layout", () => {
    const compose = desired.instances[0]?.compose;
    expect(compose?.services["app"]?.labels).toEqual({
      [labels.environment]: "lab",
      [labels.instance]: "core",
      [labels.digest]: serviceOf(desired, "core/app").digests[0].digest,
    });
    expect(compose?.services["app"]?.volumes).toEqual([
      { type: "bind", source: "@keelson:instance@/live/core/conf", target: "/etc/core", read_only: true },
    ]);
    expect(compose?.networks).toEqual({
      default: { name: "lab-core_default", external: true },
      stores: { name: "lab-storage_stores", external: true },
    });
    expect(desired.instances[1]?.compose.volumes).toEqual({
      data: { name: "lab-storage_data", external: true },
    });
  });

  test("keeps a service's own labels, and file secrets and configs in their layout", () => {
    const key = withFile("{ template: config/key.liquid, to: secrets/key }", {
      "config/key.liquid": "{{ secrets.adminKey }}",
    });
    const changed = withService("app", {
      labels: { own: "yes" },
      secrets: [{ source: "key", target: "key" }],
      configs: [{ source: "conf", target: "/conf" }],
    });
    Object.assign(changed.core, {
      secrets: { key: { name: "lab-core_key", file: "secrets/key" } },
      configs: { conf: { name: "lab-core_conf", file: "nginx/conf/site.conf" } },
    });
    const { compose, mounts } =
      desiredOf(
        { ...key, [packagePath]: (key[packagePath] ?? "").replace("signal:HUP", "restart") },
        { models: changed },
      ).instances[0] ?? {};
    expect(compose?.services["app"]?.labels).toMatchObject({ own: "yes", [labels.instance]: "core" });
    const target = mounts?.find(({ source }) => source === "secrets/key")?.target;
    expect(target).toMatch(/^files\/[0-9a-f]{32}\/key$/);
    expect(compose?.secrets["key"]).toEqual({ name: "lab-core_key", file: `@keelson:instance@/${target}` });
    expect(compose?.configs["conf"]?.["file"]).toBe("@keelson:instance@/live/nginx/conf/site.conf");
  });

  test("says nothing of a commit, and holds no secret but by name", () => {
    const key = withFile("{ template: config/key.liquid, to: core/conf/key, onChange: restart }", {
      "config/key.liquid": "{{ secrets.adminKey }}",
    });
    const file = mountOf(desiredOf(key), "core/conf").files.find(({ to }) => to === "core/conf/key");
    expect(file).toMatchObject({ secrets: ["sample.adminKey"], mode: 0o400 });
    expect(new TextDecoder().decode(file?.content)).toBe("__keelson-secret:sample.adminKey__");
  });

  test("counts in its digest what its files hold", () => {
    expect(desiredOf(classOf("restart", "other: 1\n")).digest).not.toBe(desired.digest);
    expect(desiredOf().digest).toBe(desired.digest);
  });
});

describe("services", () => {
  const service = (parts: Parameters<typeof withService>[1]) =>
    serviceOf(desiredOf({}, { models: withService("app", parts) }), "core/app");

  test("are given the time that their health check takes to give up, or the package's trial", () => {
    expect(service({}).trialMs).toBe(60_000);
    expect(
      service({ healthcheck: { test: ["CMD", "x"], interval: "1s", timeout: "2s", retries: 3 } }).trialMs,
    ).toBe(60_000);
    expect(service({ healthcheck: { test: ["CMD", "x"] } }).trialMs).toBe(180_000);
    expect(
      service({
        healthcheck: { test: ["CMD", "x"], start_period: "1h", retries: 1, interval: "1m0s", timeout: "30s" },
      }).trialMs,
    ).toBe(3_600_000 + 90_000);
    expect(service({ healthcheck: { test: ["NONE"] } })).toMatchObject({
      hasHealthcheck: false,
      trialMs: 60_000,
    });
    expect(service({ healthcheck: { disable: true } }).hasHealthcheck).toBe(false);
  });

  test("are given the package's trial and no more, whatever their health check needs", () => {
    const healthcheck = { test: ["CMD", "x"], start_period: "1h", interval: "1s", retries: 3 };
    const models = withService("app", { healthcheck });
    const trialOf = (update: string) => {
      const files = { [packagePath]: `${platform[packagePath]}update: ${update}\n` };
      return serviceOf(desiredOf(files, { models }), "core/app").trialMs;
    };
    expect(trialOf("{ trial: 5s }")).toBe(5_000);
    expect(trialOf("{ trial: 2h }")).toBe(7_200_000);
    expect(trialOf("{}")).toBe(3_600_000 + 93_000);
  });

  test("share namespaces and volumes", () => {
    expect(
      service({
        network_mode: "service:nginx",
        ipc: "private",
        pid: "service:nginx",
        volumes_from: ["db:ro"],
      }).sharesWith,
    ).toEqual(["db", "nginx"]);
  });

  test("see their volumes at paths as the engine writes them", () => {
    const volumes = [
      { type: "volume", source: "data", target: "/var/lib//db/", volume: { subpath: "x/./y/" } },
      { type: "volume", target: "/cache", read_only: true },
      { type: "tmpfs", target: "/run/../tmp" },
    ];
    expect(service({ volumes, tmpfs: ["/shm:size=1m"] }).places).toEqual([
      { path: "/cache", kind: "anonymous", volume: "", subpath: "", readOnly: true },
      { path: "/shm", kind: "memory", volume: "", subpath: "", readOnly: false },
      { path: "/tmp", kind: "memory", volume: "", subpath: "", readOnly: false },
      { path: "/var/lib/db", kind: "volume", volume: "data", subpath: "x/y", readOnly: false },
    ]);
  });

  test("see what they have by volumes_from, too", () => {
    const mount = { type: "volume", source: "data", target: "/db" };
    const models = withService("app", { volumes_from: ["db:ro"], tmpfs: ["/cache"] });
    Object.assign(models.core?.services ?? {}, {
      db: { image: "db:1", volumes: [mount, { ...mount, target: "/cache" }], tmpfs: "/run" },
    });
    const { places } = serviceOf(desiredOf({}, { models }), "core/app");
    expect(places.map(({ path, kind, readOnly }) => [path, kind, readOnly])).toEqual([
      ["/cache", "memory", false],
      ["/db", "volume", true],
      ["/etc/core", "bind", true],
    ]);
  });

  test("publish ports, one by one", () => {
    const ports = [
      { target: 80, published: "8080", host_ip: "127.0.0.1", protocol: "tcp", mode: "ingress" },
      { target: 53, published: "53", protocol: "udp" },
      { target: 99 },
      { target: 98, published: "9000-9010" },
    ];
    expect(service({ ports }).ports).toEqual([
      { hostIp: "127.0.0.1", port: 8080, protocol: "tcp" },
      { hostIp: "", port: 53, protocol: "udp" },
    ]);
  });

  test("run as often as scale or replicas say", () => {
    expect(service({ scale: 3 }).replicas).toBe(3);
    expect(service({ scale: 0 }).replicas).toBe(0);
    expect(service({ deploy: { replicas: 2 } }).replicas).toBe(2);
  });

  test("depend on what is there", () => {
    expect(
      service({
        depends_on: {
          nginx: { condition: "service_healthy", restart: true },
          gone: { condition: "service_started", required: false },
        },
      }).dependsOn,
    ).toEqual([{ service: "nginx", condition: "service_healthy", restart: true }]);
  });
});

describe("a service digest", () => {
  const before = desiredOf();
  const afterService = (parts: Parameters<typeof withService>[1]) =>
    changedServices(before, desiredOf({}, { models: withService("app", parts) }));

  test.each<[string, Parameters<typeof withService>[1]]>([
    ["image", { image: "app:1.1" }],
    ["environment", { environment: { DOMAIN: "other" } }],
    ["command", { command: ["serve"] }],
    ["an empty command", { command: [] }],
    ["ports", { ports: [{ target: 80, published: "80" }] }],
    ["labels", { labels: { a: "b" } }],
    ["restart", { restart: "always" }],
    ["networks", { networks: { stores: null } }],
    ["an alias", { networks: { default: { aliases: ["a"] }, stores: null } }],
    ["a limit", { deploy: { resources: { limits: { memory: "1" } } } }],
    ["volumes", { volumes: [] }],
    ["the target of a mount", { volumes: [{ type: "bind", source: "core/conf", target: "/other" }] }],
    ["stop_grace_period", { stop_grace_period: "20s" }],
    ["healthcheck", { healthcheck: { test: ["CMD", "true"] } }],
  ])("counts %s, and only for the service that has it", (_, parts) => {
    expect(afterService(parts)).toEqual(["core/app"]);
  });

  test.each<[string, Parameters<typeof withService>[1]]>([
    ["depends_on", { depends_on: {} }],
    ["scale", { scale: 2 }],
    ["replicas", { deploy: { replicas: 2, resources: {}, placement: {} } }],
    ["profiles", { profiles: ["x"] }],
    ["develop", { develop: { watch: [] } }],
    ["nulls", { command: null, entrypoint: undefined, build: null }],
    ["empty maps", { deploy: {}, sysctls: {}, extra_hosts: { deep: {} } }],
  ])("does not count %s", (_, parts) => {
    expect(afterService(parts)).toEqual([]);
  });

  test("does not count how a network is made, but by the first algorithm", () => {
    const networks = { ...models.core.networks, default: { name: "lab-core_default", internal: true } };
    const other = desiredOf({}, { models: { ...models, core: { ...models.core, networks } } });
    expect(changedServices(before, other)).toEqual([]);
    const byFirst = (desired: DesiredNode) =>
      serviceOf(desired, "core/app").digests.find(({ algorithm }) => algorithm === "v1")?.digest;
    expect(byFirst(other)).not.toBe(byFirst(before));
    expect(other.instances[0]?.networks[0]?.digest).not.toBe(before.instances[0]?.networks[0]?.digest);
  });

  test("does not count what Compose only prints", () => {
    const networks = { ...models.core.networks, default: { name: "lab-core_default" } };
    const plain = { ...models, core: { ...models.core, networks } };
    expect(changedServices(before, desiredOf({}, { models: plain }))).toEqual([]);
    expect(desiredOf({}, { models: plain }).instances[0]?.networks[0]?.digest).toBe(
      before.instances[0]?.networks[0]?.digest,
    );
  });

  test.each(["restart", '"signal:HUP"', "none", "{ exec: [reload] }"])(
    "does not count the content of a file of class %s",
    (onChange) => {
      const old = desiredOf(classOf(onChange));
      const next = desiredOf(classOf(onChange, "domain: other\n"));
      expect(changedServices(old, next)).toEqual([]);
      expect(mountOf(next, "core/conf").target).toBe(mountOf(old, "core/conf").target);
      expect(mountOf(next, "core/conf").files[0]?.digest).not.toBe(
        mountOf(old, "core/conf").files[0]?.digest,
      );
      expect(next.digest).not.toBe(old.digest);
    },
  );

  test("counts the content, mode and owner of a file of class recreate, for the services that mount it", () => {
    const old = desiredOf(classOf("recreate"));
    const next = desiredOf(classOf("recreate", "domain: other\n"));
    expect(changedServices(old, next)).toEqual(["core/app"]);
    expect(mountOf(next, "core/conf").target).not.toBe(mountOf(old, "core/conf").target);
    expect(changedServices(old, desiredOf(classOf('recreate, mode: "0600"')))).toEqual(["core/app"]);
    expect(changedServices(old, desiredOf(classOf('recreate, owner: "1:1"')))).toEqual(["core/app"]);
  });

  test("counts that a file is bound in another layout: that is another path", () => {
    expect(changedServices(before, desiredOf(classOf("recreate")))).toEqual(["core/app"]);
    expect(changedServices(before, desiredOf(classOf('"signal:HUP"')))).toEqual(["core/app"]);
    expect(changedServices(desiredOf(classOf("none")), desiredOf(classOf('"signal:HUP"')))).toEqual([]);
  });

  test("is there under every known algorithm, and the newest one's is the label", () => {
    const newer: DigestAlgorithm = { name: "v3", digestParts: ({ name }) => ({ image: "", name }) };
    const both = desiredOf({}, { algorithms: [newer, ...digestAlgorithms] });
    const { digests } = serviceOf(both, "core/app");
    expect(digests.map(({ algorithm }) => algorithm)).toEqual(["v3", "v2", "v1"]);
    expect(digests.slice(1)).toEqual(serviceOf(before, "core/app").digests);
    expect(digests[0]).toMatchObject({
      digest: digestValue({ image: "", name: "app" }),
      parts: { image: "", name: "app" },
    });
    expect(both.instances[0]?.compose.services["app"]?.labels?.[labels.digest]).toBe(digests[0].digest);
  });

  test("of the first algorithm stays what it was: the labels of every node have it", () => {
    const first = serviceOf(before, "core/app").digests.find(({ algorithm }) => algorithm === "v1");
    expect(first?.digest).toBe("ef981be7e0acf0c85f2ad4a78e91ad402207679259bf6cbabb632b45c3d171f7");
  });

  test("says by part what it was made of", () => {
    const [{ parts }] = serviceOf(desiredOf(classOf("recreate")), "core/app").digests;
    expect(Object.keys(parts).sort()).toEqual([
      "environment",
      "file core/conf/core.yml",
      "image",
      "networks",
      "volumes",
    ]);
    expect(parts["image"]).toBe("app:1.0");
  });

  test("is the same for the same model in any order, as everything else", () => {
    const expected = JSON.stringify(sorted(desiredOf()));
    fc.assert(
      fc.property(fc.infiniteStream(fc.boolean()), (coins) => {
        const shuffled = shuffle(models, () => coins.next().value);
        expect(JSON.stringify(sorted(desiredOf({}, { models: shuffled })))).toBe(expected);
      }),
    );
  });
});

describe("mounts", () => {
  const bind = (...sources: string[]): Models =>
    withService("nginx", {
      volumes: sources.map((source) => ({ type: "bind", source, target: `/${source}` })),
    });

  test("are folders or single files, each in the layout of its class", () => {
    const desired = desiredOf(classOf("recreate"), { models: bind("core/conf/core.yml", "nginx/conf") });
    expect(mountOf(desired, "core/conf/core.yml")).toMatchObject({
      kind: "file",
      layout: "content",
      services: ["nginx"],
      files: [{ path: "core.yml", to: "core/conf/core.yml" }],
    });
    expect(mountOf(desired, "core/conf/core.yml").target).toMatch(/^files\/[0-9a-f]{32}\/core\.yml$/);
    expect(mountOf(desired, "nginx/conf")).toMatchObject({
      kind: "folder",
      layout: "data",
      target: "live/nginx/conf",
      files: [{ path: "site.conf" }],
    });
    expect(mountOf(desired, "core/conf").services).toEqual(["app"]);
  });

  test("of one file cannot follow a signal", () => {
    const { problems } = build(render().rendered, {
      models: bind("nginx/conf/site.conf"),
      repository: repositoryOf(),
    });
    expect(problemText(problems)).toMatchInlineSnapshot(`
      "error[K1307] releases/sample/1.0.0/packages/core/package.yaml:9:71 nginx/conf/site.conf is bound as a single file, where a container keeps seeing the old content after onChange: signal:HUP
         9 | …{ template: config/site.conf, to: nginx/conf/site.conf, onChange: "signal:HUP" }
           |                                                                    ^
        hint: Bind the folder that holds it, or use onChange: restart or recreate.
      "
    `);
  });

  test("of a folder cannot mix files that change in different ways", () => {
    const mixed = withFile("{ template: config/b.conf, to: nginx/conf/b.conf, onChange: recreate }", {
      "config/b.conf": "b",
    });
    const { problems } = build(render(mixed).rendered, { repository: repositoryOf(mixed) });
    expect(problemText(problems)).toMatchInlineSnapshot(`
      "error[K1306] releases/sample/1.0.0/packages/core/package.yaml:9:71 the folder nginx/conf is bound as a whole but its files change in different ways: nginx/conf/b.conf (recreate), nginx/conf/site.conf (signal:HUP)
         9 | …{ template: config/site.conf, to: nginx/conf/site.conf, onChange: "signal:HUP" }
           |                                                                    ^
        hint: Give all files of one folder onChange values of one layout (recreate | restart and seed | signal, exec and none), or split the folder.
      "
    `);
  });

  test("may mix signals, commands and none, which lie in the same way", () => {
    const mixed = withFile("{ template: config/b.conf, to: nginx/conf/b.conf, onChange: none }", {
      "config/b.conf": "b",
    });
    expect(build(render(mixed).rendered).problems).toEqual([]);
  });

  test("cannot lie in one another when one is switched as a whole", () => {
    const inner = withFile("{ template: config/b.conf, to: nginx/conf/more/b.conf, onChange: none }", {
      "config/b.conf": "b",
      "compose.yaml": `services:\n  nginx:\n    image: nginx:1.0\n    volumes:\n      - ./nginx/conf:/a\n      - ./nginx/conf/more:/b\n`,
    });
    const { problems } = build(render(inner).rendered, { models: bind("nginx/conf", "nginx/conf/more") });
    expect(problemText(problems)).toMatchInlineSnapshot(`
      "error[K1308] releases/sample/1.0.0/packages/core/compose.yaml:4:5 nginx/conf/more is bound on its own and also lies in the bound folder nginx/conf
         4 |     volumes:
           |     ^
        hint: Bind one of the two, or put the files into separate folders.
      "
    `);
  });

  describe("that containers may write", () => {
    const inWritableFolder = withFile(
      "{ template: config/b.conf, to: data/more/b.conf, onChange: restart, writable: true }",
      { "config/b.conf": "b" },
    );
    const composeVolumes = (desired: DesiredNode, service: string) =>
      desired.instances[0]?.compose.services[service]?.volumes;

    test("are those that package.yaml names, all others are read-only whatever the Compose file says", () => {
      const desired = desiredOf(inWritableFolder, { models: bind("nginx/conf", "data") });
      expect(composeVolumes(desired, "nginx")).toEqual([
        {
          type: "bind",
          source: "@keelson:instance@/live/nginx/conf",
          target: "/nginx/conf",
          read_only: true,
        },
        { type: "bind", source: `@keelson:instance@/${mountOf(desired, "data").target}`, target: "/data" },
      ]);
      expect(mountOf(desired, "data")).toMatchObject({ writable: true });
      expect(mountOf(desired, "nginx/conf")).toMatchObject({ writable: false });
    });

    test("stay read-only where the Compose file says so", () => {
      const readOnly = withService("nginx", {
        volumes: [{ type: "bind", source: "data", target: "/data", read_only: true }],
      });
      const desired = desiredOf(inWritableFolder, { models: readOnly });
      expect(composeVolumes(desired, "nginx")).toMatchObject([{ read_only: true }]);
    });

    test("make no other container: a bind that is read-only by itself is as one that says so", () => {
      const said = withService("nginx", {
        volumes: [{ type: "bind", source: "nginx/conf", target: "/etc/nginx", read_only: true }],
      });
      expect(changedServices(desiredOf(), desiredOf({}, { models: said }))).toEqual([]);
      const writable = (platform[packagePath] ?? "").replace(
        '"signal:HUP" }',
        '"signal:HUP", writable: true }',
      );
      expect(changedServices(desiredOf(), desiredOf({ [packagePath]: writable }))).toEqual(["core/nginx"]);
    });

    test.each([
      ["a folder in it", "data", "data/more"],
      ["a file in it", "data", "data/more/b.conf"],
      ["a file in a folder in it", "data/more", "data/more/b.conf"],
    ])("have nothing else bound from them: %s", (_what, outer, inner) => {
      const changes = {
        ...inWritableFolder,
        [composePath]: "services:\n  nginx:\n    image: nginx:1.0\n    volumes: []\n",
      };
      const { problems } = build(render(changes).rendered, { models: bind(outer, inner) });
      expect(problems).toMatchObject([
        {
          code: "K1308",
          file: composePath,
          message: `${inner} is bound on its own and also lies in the bound and writable folder ${outer}`,
        },
      ]);
    });

    test("have no secret or config from them, of whatever service", () => {
      const changes = { ...inWritableFolder, [composePath]: "services:\n  app:\n    image: app:1.0\n" };
      for (const kind of ["secrets", "configs"] as const) {
        const other = withService("app", { [kind]: [{ source: "key", target: "/run/key" }] });
        const model = {
          ...other.core,
          services: {
            ...other.core.services,
            ...bind("data").core.services,
            app: other.core.services?.["app"] ?? { image: "" },
          },
          [kind]: { key: { file: "data/more/b.conf" } },
        };
        const { problems } = build(render(changes).rendered, { models: { ...models, core: model } });
        expect(problems.map(({ code }) => code)).toEqual(["K1308"]);
      }
    });

    test("are folders of which every file is writable", () => {
      const mixed = withFile(
        '{ template: config/b.conf, to: nginx/conf/b.conf, onChange: "signal:HUP", writable: true }',
        { "config/b.conf": "b" },
      );
      const { problems } = build(render(mixed).rendered, { repository: repositoryOf(mixed) });
      expect(problems).toMatchObject([
        {
          code: "K1306",
          message: "the folder nginx/conf is bound as a whole but only some of its files are writable",
        },
      ]);
    });

    test("and those that nobody may write can lie in one another", () => {
      const inner = withFile("{ template: config/b.conf, to: data/more/b.conf, onChange: restart }", {
        "config/b.conf": "b",
      });
      expect(build(render(inner).rendered, { models: bind("data", "data/more/b.conf") }).problems).toEqual(
        [],
      );
    });
  });

  test("without a line, for whom it may concern, when the repository is not at hand", () => {
    const { problems } = build(render().rendered, { models: bind("nginx/conf/site.conf") });
    expect(problems).toMatchObject([{ file: packagePath, line: 1, path: "files[1].onChange" }]);
  });
});

describe("what does not fit together on a node", () => {
  test("is a network that nobody owns", () => {
    const networks = { ...models.core.networks, stores: { name: "lab-other_stores", external: true } };
    const { desired, problems } = build(render().rendered, {
      models: { ...models, core: { ...models.core, networks } },
    });
    expect(desired).toBeNull();
    expect(problemText(problems)).toMatchInlineSnapshot(`
      "error[K1310] releases/sample/1.0.0/packages/core/compose.yaml:8:3 instance core joins the network lab-other_stores, which neither an instance of this node nor the environment makes
         8 |   stores:
           |   ^
        hint: Join one of this node: lab-core_default, lab-storage_stores, by a variable such as {{ requires["<interface>"].project }}_<network>; let the environment make this one: networks: { "lab-other_stores": {} } in environment.yaml; or, where somebody else has made it, permit it: policy: { allow: { sample/core: { networks: [lab-other_stores] } } } in environment.yaml, and allow: { networks: [lab-other_stores] } in agent.yaml of its nodes
      "
    `);
  });

  test("is not one that no service joins", () => {
    const networks = { ...models.core.networks, unused: { name: "elsewhere", external: true } };
    expect(
      build(render().rendered, { models: { ...models, core: { ...models.core, networks } } }).problems,
    ).toEqual([]);
  });

  test("is data of a volume that is not there", () => {
    const { problems } = build(render().rendered, {
      models: { ...models, storage: { ...models.storage, volumes: { date: {} } } },
      repository: repositoryOf(),
    });
    expect(problemText(problems)).toMatchInlineSnapshot(`
      "error[K1311] releases/sample/1.0.0/packages/storage/package.yaml:6:3 data names the volume \`data\`, which compose.yaml does not have
         6 |   data: { format: 6 }
           |   ^
        hint: Volumes there: date.
      "
    `);
  });

  test("is one volume of two instances, by what an instance was", () => {
    const environment = (platform[environmentPath] ?? "").replace(
      "sample/core }",
      "sample/core, was: storage }",
    );
    const core = { ...models.core, volumes: { data: {} } };
    const { problems } = build(render({ [environmentPath]: environment }).rendered, {
      models: { ...models, core },
      repository: repositoryOf(),
    });
    expect(problems.map(({ code, message }) => `${code} ${message}`)).toEqual([
      "K1435 the volume data of instance storage and data of core would both be lab-storage_data",
    ]);
  });

  test.each([
    ["memory", { tmpfs: ["/data/"] }, "/data"],
    ["memory by another spelling", { tmpfs: "//data/./:size=1m" }, "/data"],
    ["a config", { configs: [{ source: "c", target: "/data" }] }, "/data"],
    ["a config by its own name", { configs: [{ source: "data" }] }, "/data"],
    ["a secret", { secrets: [{ source: "s", target: "/data/" }] }, "/data"],
    ["something beside it", { tmpfs: ["/data/tmp"], secrets: [{ source: "data" }] }, null],
  ])("is a mount that hides another one: %s", (_what, more, path) => {
    const service = {
      image: "core:1",
      volumes: [{ type: "volume" as const, source: "data", target: "/data" }],
    };
    const core = { ...models.core, volumes: { data: {} }, services: { core: { ...service, ...more } } };
    const { problems } = build(render().rendered, {
      models: { ...models, core },
      repository: repositoryOf(),
    });
    const found = problems.filter(({ code }) => code === "K1341").map(({ message }) => message);
    expect(found).toEqual(
      path === null ? [] : [`lab-core/core has two mounts at ${path}, and one of them hides the other`],
    );
  });

  test("is an image without a digest, where the environment requires one", () => {
    const environment = platform[environmentPath] ?? "";
    const strict = { [environmentPath]: `${environment}policy: { requireDigests: true }\n` };
    const { problems } = build(render(strict).rendered);
    expect(problems.map(({ code, message }) => `${code} ${message}`)).toContain(
      "K1313 lab-core/app runs app:1.0 without a digest, which environment lab requires",
    );
    expect(build(render().rendered).problems).toEqual([]);
    const pinned = withService("app", { image: `app:1.0@sha256:${"0".repeat(64)}` });
    const rest = build(render(strict).rendered, { models: pinned }).problems;
    expect(rest.filter(({ message }) => message.includes("lab-core/app"))).toEqual([]);
  });

  test("is a port that two services publish, on any address that is the same", () => {
    const ports = (host_ip: string, published = "80") => [
      { target: 80, published, ...(host_ip === "" ? {} : { host_ip }) },
    ];
    const both = (first: string, second: string, published?: string): Models => {
      const services = {
        db: { ...models.storage.services?.["db"], image: "db:1.0", ports: ports(second, published) },
      };
      return { ...withService("app", { ports: ports(first) }), storage: { ...models.storage, services } };
    };
    const compose = {
      [composePath]: (platform[composePath] ?? "").replace(
        "    image: app:1.0\n",
        '    image: app:1.0\n    ports: ["80:80"]\n',
      ),
    };
    expect(problemText(build(render(compose).rendered, { models: both("", "127.0.0.1") }).problems))
      .toMatchInlineSnapshot(`
        "error[K1312] releases/sample/1.0.0/packages/storage/compose.yaml:2:3 lab-storage/db and lab-core/app both publish port 80/tcp of this node
           2 |   db:
             |   ^
          hint: Give one of them another port, or let it be a setting.
        "
      `);
    expect(build(render().rendered, { models: both("0.0.0.0", "10.0.0.1") }).problems).toHaveLength(1);
    expect(build(render().rendered, { models: both("10.0.0.2", "10.0.0.1") }).problems).toEqual([]);
    expect(build(render().rendered, { models: both("", "", "81") }).problems).toEqual([]);
    const installed = (platform[environmentPath] ?? "").replace(
      "{ package: sample/core }",
      "{ package: sample/core, state: installed }",
    );
    expect(
      build(render({ [environmentPath]: installed }).rendered, { models: both("", "") }).problems,
    ).toEqual([]);
  });

  describe("is a subnet that two networks of the node have", () => {
    const pools = (subnets: readonly string[]) => ({
      ipam: { config: subnets.map((subnet) => ({ subnet })) },
    });
    const storagePath = composePath.replace("core", "storage");
    const compose = {
      [storagePath]: `${platform[storagePath] ?? ""}networks:\n  stores:\n    ipam:\n      config:\n        - subnet: "10.1.2.0/24"\n        - subnet: "fd00:1::/64"\n`,
      [composePath]: `${platform[composePath] ?? ""}  default:\n    ipam: { config: [{ subnet: "10.3.0.0/16" }, { subnet: "10.1.0.0/16" }] }\n`,
    };
    const problemsOf = (
      { core, storage }: { core: readonly string[]; storage: readonly string[] },
      changes: Record<string, string> = {},
    ) => {
      const networks = {
        core: { ...models.core.networks, default: pools(core) },
        storage: { stores: pools(storage) },
      };
      return build(render({ ...compose, ...changes }).rendered, {
        models: {
          core: { ...models.core, networks: networks.core },
          storage: { ...models.storage, networks: networks.storage },
        },
      }).problems;
    };

    test("with the place of both", () => {
      const problems = problemsOf({
        core: ["10.3.0.0/16", "10.1.0.0/16"],
        storage: ["10.1.2.0/24", "fd00:1::/64"],
      });
      expect(problemText(problems)).toMatchInlineSnapshot(`
        "error[K1322] releases/sample/1.0.0/packages/storage/compose.yaml:10:11 the subnet 10.1.2.0/24 of network lab-storage_stores overlaps with 10.1.0.0/16 of network lab-core_default, at releases/sample/1.0.0/packages/core/compose.yaml:12
          10 |         - subnet: "10.1.2.0/24"
             |           ^
          hint: Give one of them another private subnet, let it be a setting, or leave it out: the engine then chooses a free one.
        "
      `);
    });

    test.each([
      { what: "the same", core: ["10.1.2.0/24"], storage: ["10.1.2.0/24"], is: 1 },
      {
        what: "one inside the other, IPv6",
        core: ["fd00:1::/48"],
        storage: ["10.9.0.0/24", "fd00:1:0:7::/64"],
        is: 1,
      },
      { what: "neighbours", core: ["10.1.2.0/25"], storage: ["10.1.2.128/25"], is: 0 },
      { what: "of two families", core: ["fd00:a01:200::/48"], storage: ["10.1.2.0/24"], is: 0 },
      { what: "two of one network", core: ["10.1.0.0/16", "10.1.2.0/24"], storage: [], is: 0 },
    ])("$what: $is", ({ core, storage, is }) => {
      expect(problemsOf({ core, storage }).map(({ code }) => code)).toEqual(Array(is).fill("K1322"));
    });

    test("but not where one of them is not made", () => {
      const staged = (platform[environmentPath] ?? "").replace(
        "{ package: sample/core }",
        "{ package: sample/core, state: staged }",
      );
      const both = { core: ["10.1.0.0/16"], storage: ["10.1.2.0/24"] };
      expect(problemsOf(both, { [environmentPath]: staged })).toEqual([]);
      // What another instance joins is made for that one.
      const owner = (platform[environmentPath] ?? "").replace(
        "sample/storage }",
        "sample/storage, state: staged }",
      );
      expect(problemsOf(both, { [environmentPath]: owner }).map(({ code }) => code)).toEqual(["K1322"]);
    });
  });

  test("is a secret that the node has no value of, said once", () => {
    const keys = withFile(
      "{ template: config/key.liquid, to: secrets/a }\n  - { template: config/key.liquid, to: secrets/b }",
      {
        "config/key.liquid": "{{ secrets.adminKey }}",
      },
    );
    const { desired, problems } = build(render(keys).rendered, { secrets: secretsOf([]) });
    expect(desired).toBeNull();
    expect(problemText(problems)).toMatchInlineSnapshot(`
      "error[K5002] releases/sample/1.0.0/packages/core/config/key.liquid:1:1 secret sample.adminKey has no value on node one
        hint: Put it into the secrets file of the node: sample: { adminKey: … }
      "
    `);
  });

  test("is a secret that would break a file that was checked without it", () => {
    const files = withFile(
      "{ template: config/key.json.liquid, to: secrets/key.json }\n  - { template: config/key.liquid, to: secrets/key }",
      {
        "config/key.json.liquid": '{ "a": "{{ secrets.adminKey }}", "b": "{{ secrets.other }}" }',
        "config/key.liquid": "{{ secrets.adminKey }}",
      },
    );
    const { rendered } = render(files);
    expect(build(rendered).problems).toEqual([]);
    const odd = secretsOf(undefined, ["sample.adminKey"]);
    const escaped = withFile("{ template: config/key.json.liquid, to: secrets/key.json }", {
      "config/key.json.liquid": '{ "a": {{ secrets.adminKey | json }}, "b": "{{ secrets.other }}" }',
    });
    expect(build(render(escaped).rendered, { secrets: odd }).problems).toEqual([]);
    expect(problemText(build(rendered, { secrets: odd }).problems)).toMatchInlineSnapshot(`
      "error[K5007] releases/sample/1.0.0/packages/core/config/key.json.liquid:1:1 secret sample.adminKey cannot stand in secrets/key.json: its value on node one holds characters that need quoting there
        hint: Write it as {{ secrets.adminKey | json }} without quotes around it, give it a file of its own, or a value of letters, digits and . _ / + = ~ - only.
      "
    `);
  });

  test("is nothing when an instance has problems already, and those of the others are said", () => {
    const rendered = render().rendered;
    if (rendered === null) throw new Error("nothing was rendered");
    const partial = {
      ...rendered,
      requireDigests: true,
      instances: rendered.instances.filter(({ name }) => name !== "storage"),
    };
    const { desired, problems } = build(partial);
    expect(desired).toBeNull();
    // Whether nobody owns the network of the missing instance cannot be told.
    expect([...new Set(problems.map(({ code }) => code))]).toEqual(["K1313"]);
    expect(build({ ...partial, requireDigests: false })).toEqual({
      desired: null,
      problems: [],
      warnings: [],
    });
  });

  test("is nothing when a model is missing: that was said before", () => {
    const rendered = render().rendered;
    expect(
      build(
        rendered === null
          ? null
          : {
              ...rendered,
              instances: [
                ...rendered.instances,
                ...rendered.instances.map((each) => ({ ...each, name: "x" })),
              ],
            },
      ),
    ).toEqual({
      desired: null,
      problems: [],
      warnings: [],
    });
  });
});

/** The same models with the keys of every map in another order. */
function shuffle(before: Models, coin: () => boolean): Models {
  const copy: Models = JSON.parse(JSON.stringify(before), (_, value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const entries = Object.entries(value);
    const first = entries.filter(() => coin());
    return Object.fromEntries([...entries.filter((entry) => !first.includes(entry)).toReversed(), ...first]);
  });
  return copy;
}

/** With the keys of maps sorted, whose order never counts. */
function sorted(desired: DesiredNode): unknown {
  return JSON.parse(JSON.stringify(desired), (_, value: unknown) =>
    typeof value !== "object" || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
}

describe("a volume whose instance or key has another name now", () => {
  const environmentPath = "environments/lab/environment.yaml";
  const packagePath = "releases/sample/1.0.0/packages/storage/package.yaml";
  const volumeOf = (desired: ReturnType<typeof desiredOf>) => {
    const instance = desired.instances.find(({ name }) => name === "storage");
    return {
      volume: instance?.volumes[0],
      mounted: instance?.services[0]?.volumes,
      compose: instance?.compose.volumes,
      digest: instance?.services[0]?.digests[0].digest,
    };
  };
  const before = volumeOf(desiredOf());
  const was = (platform[environmentPath] ?? "").replace("sample/storage }", "sample/storage, was: store }");
  const format = (platform[packagePath] ?? "").replace("format: 6", "was: documents");

  test.each([
    ["instance", { [environmentPath]: was }, "lab-store_data"],
    ["key", { [packagePath]: format }, "lab-storage_documents"],
    ["instance and key", { [environmentPath]: was, [packagePath]: format }, "lab-store_documents"],
  ])("keeps its engine name, by what its %s was", (_what, changes, name) => {
    const after = volumeOf(desiredOf(changes));
    expect(after.volume).toMatchObject({ key: "data", name, digest: before.volume?.digest });
    expect(after.mounted).toEqual([name]);
    expect(after.compose).toEqual({ data: { name, external: true } });
  });

  test("is mounted as before where only its key has another name", () => {
    const renamed = {
      ...models,
      storage: {
        ...models.storage,
        services: {
          db: {
            ...models.storage.services?.["db"],
            image: "db:1.0",
            volumes: [{ type: "volume", source: "files", target: "/data" }],
          },
        },
        volumes: { files: {} },
      },
    };
    const changes = {
      [packagePath]: (platform[packagePath] ?? "").replace(
        "data: { format: 6",
        "files: { was: data, format: 6",
      ),
    };
    expect(volumeOf(desiredOf(changes, { models: renamed })).digest).toBe(before.digest);
  });
});

test("the count of a node's command counts in the desired state, and its absence does not", () => {
  const path = "environments/lab/nodes/one.yaml";
  const at = (renew: number) =>
    desiredOf({ [path]: `${platform[path]}commands: { storage: { renew: ${renew} } }\n` });
  expect(at(2).instances.map(({ name, renew }) => [name, renew])).toEqual([
    ["core", undefined],
    ["storage", 2],
  ]);
  expect(at(0)).toEqual(desiredOf());
  expect(at(2).digest).not.toBe(at(0).digest);
});
