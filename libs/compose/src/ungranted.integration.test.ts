import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { asksOf } from "@keelson/grants";
import type { Ask, Grants } from "@keelson/model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { findComposeBinary } from "./binary.ts";
import { resolveCompose } from "./resolution.ts";
import { sampleInput } from "./sample-input.ts";

const composeBinary = await findComposeBinary(process.env);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "keelson-grants-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Stacks as people have them, with what they ask for and what is refused without a grant. */
const stacks: { name: string; text: string; grants: Grants; asks: string[]; refused: string[] }[] = [
  {
    name: "a hardened service",
    text: `
services:
  web:
    image: stub:1
    cap_drop: [ALL]
    cap_add: [CHOWN, SETUID, SETGID, NET_BIND_SERVICE]
    security_opt: ["no-new-privileges:true"]
    read_only: true
    sysctls: { net.core.somaxconn: 1024 }
    volumes: ["/etc/localtime:/etc/localtime:ro"]
`,
    grants: {},
    asks: [],
    refused: [],
  },
  {
    name: "a VPN that another service goes through",
    text: `
services:
  vpn: { image: stub:1, cap_add: [NET_ADMIN], devices: ["/dev/net/tun:/dev/net/tun"] }
  torrent: { image: stub:1, network_mode: "service:vpn" }
`,
    grants: { capabilities: ["NET_ADMIN"], devices: ["/dev/net/tun"] },
    asks: ["capabilities NET_ADMIN vpn", "devices /dev/net/tun vpn"],
    refused: ["K1401 services.vpn.cap_add.0", "K1403 services.vpn.devices.0"],
  },
  {
    name: "media on a path of the host",
    text: `
services:
  app: { image: stub:1, volumes: ["/mnt/media:/media", "data:/config"] }
volumes: { data: {} }
`,
    grants: { paths: ["/mnt/media"] },
    asks: ["paths /mnt/media app"],
    refused: ["K1404 services.app.volumes.0"],
  },
  {
    name: "a proxy with the engine's socket",
    text: `
services:
  proxy: { image: stub:1, ports: ["8443:443"], volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"] }
`,
    grants: { engineSocket: true },
    asks: ["engineSocket true proxy"],
    refused: ["K1404 services.proxy.volumes.0"],
  },
  {
    name: "an exporter that sees the host",
    text: `
services:
  exporter: { image: stub:1, network_mode: host, pid: host, volumes: ["/:/host:ro,rslave"] }
`,
    grants: { namespaces: ["network", "pid"], paths: ["/"], engineSocket: true },
    asks: [
      "engineSocket true exporter",
      "namespaces network exporter",
      "namespaces pid exporter",
      "paths / exporter",
    ],
    refused: [
      "K1402 services.exporter.network_mode",
      "K1402 services.exporter.pid",
      "K1404 services.exporter.volumes.0",
      "K1404 services.exporter.volumes.0",
    ],
  },
  {
    name: "a model on a graphics processor",
    text: `
services:
  llm:
    image: stub:1
    deploy: { resources: { reservations: { devices: [ { driver: nvidia, count: all, capabilities: [gpu] } ] } } }
`,
    grants: { gpus: true },
    asks: ["gpus true llm"],
    refused: ["K1403 services.llm.deploy.resources.reservations.devices"],
  },
  {
    name: "a network at an interface of the host, volumes of a plugin, and a device by its number",
    text: `
services:
  app: { image: stub:1, networks: [lan], volumes: ["share:/data"], device_cgroup_rules: ["c 188:* rwm"] }
networks:
  lan: { driver: macvlan, driver_opts: { parent: eth0 }, ipam: { config: [{ subnet: 192.168.1.0/24 }] } }
volumes:
  share: { driver: "vieux/sshfs:latest", driver_opts: { sshcmd: "a@b:/x", password: x } }
`,
    grants: {
      networkDrivers: ["macvlan:eth0"],
      volumeDrivers: ["vieux/sshfs"],
      deviceRules: ["c 188:* rwm"],
    },
    asks: ["deviceRules c 188:* rwm app", "networkDrivers macvlan:eth0 ", "volumeDrivers vieux/sshfs "],
    refused: ["K1403 services.app.device_cgroup_rules.0", "K1415 networks.lan", "K1410 volumes.share.driver"],
  },
  {
    name: "devices that their vendor describes",
    text: `
services:
  llm: { image: stub:1, gpus: all, devices: ["nvidia.com/gpu=0"] }
`,
    grants: { gpus: true },
    asks: ["gpus true llm"],
    refused: ["K1403 services.llm.gpus", "K1403 services.llm.devices.0"],
  },
  {
    name: "a path with a dollar sign",
    text: `
services:
  app: { image: stub:1, volumes: ["/srv/a$$b:/x", { type: bind, source: "/srv/c$$d", target: /y, read_only: true }] }
`,
    grants: { paths: ["/srv/a$b", "/srv/c$d"] },
    asks: ["paths /srv/a$b app", "paths /srv/c$d app"],
    refused: ["K1404 services.app.volumes.0", "K1404 services.app.volumes.1"],
  },
  {
    name: "a share of the network",
    text: `
services:
  app: { image: stub:1, volumes: ["share:/data"] }
volumes:
  share: { driver: local, driver_opts: { type: nfs, o: "addr=192.0.2.5,rw,nfsvers=4", device: ":/export" } }
`,
    grants: { mounts: ["nfs://192.0.2.5/export"] },
    asks: ["mounts nfs://192.0.2.5/export "],
    refused: ["K1410 volumes.share.driver_opts"],
  },
  {
    name: "a volume that somebody else has made",
    text: `
services:
  db: { image: stub:1, volumes: ["pg:/var/lib/postgresql/data"] }
volumes:
  pg: { external: true, name: myapp_pgdata }
`,
    grants: { volumes: ["myapp_pgdata"] },
    asks: ["volumes myapp_pgdata "],
    refused: ["K1410 volumes.pg"],
  },
  {
    name: "a network that somebody else has made, which is judged with all instances",
    text: `
services:
  app: { image: stub:1, networks: [proxy] }
networks:
  proxy: { external: true }
`,
    grants: {},
    asks: ["networks proxy app"],
    refused: [],
  },
];

describe.each(stacks)("$name", ({ text, grants, asks, refused }) => {
  it("is resolved with its grants, which are all that it asks for", async () => {
    const { model, problems } = await resolve(text, { allow: grants });
    expect(problems).toEqual([]);
    expect(model === null ? [] : asksOf(model).map(shortly)).toEqual(asks);
  });

  it("is resolved where all is granted", async () => {
    expect((await resolve(text, { allow: "all" })).problems).toEqual([]);
  });

  it("is refused without them, with the lines that would permit it", async () => {
    const { problems } = await resolve(text, { allow: {} });
    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual(refused);
    for (const { hint } of problems)
      expect(hint).toMatch(/policy: \{ allow: \{ sample\/core: \{ .* \} \} \}, .*: allow: \{ .* \}$/);
  });
});

describe("what a variable makes of a value", () => {
  it.each([
    ["K1401", "services.a.privileged", "privileged: '${X}'", "true", { privileged: true }],
    ["K1401", "services.a.cap_add.0", "cap_add: ['CAP_${X}']", "sys_admin", { capabilities: ["SYS_ADMIN"] }],
    [
      "K1401",
      "services.a.security_opt.0",
      "security_opt: ['apparmor:${X}']",
      "unconfined",
      { securityOptions: ["apparmor=unconfined"] },
    ],
    ["K1401", "services.a.security_opt.0", "security_opt: ['seccomp:${X}']", "/etc/x.json", null],
    [
      "K1401",
      "services.a.sysctls.kernel.shmmax",
      "sysctls: ['${X}=1']",
      "kernel.shmmax",
      { sysctls: ["kernel.shmmax"] },
    ],
    ["K1401", "services.a.sysctls.net/../kernel/x", "sysctls: ['${X}=1']", "net/../kernel/x", null],
    ["K1401", "services.a.runtime", "runtime: '${X}'", "runsc", { runtimes: ["runsc"] }],
    ["K1402", "services.a.network_mode", "network_mode: '${X}'", "host", { namespaces: ["network"] }],
    [
      "K1402",
      "services.a.network_mode",
      "network_mode: 'container:${X}'",
      "vpn",
      { namespaces: ["network:container:vpn"] },
    ],
    ["K1402", "services.a.network_mode", "network_mode: '${X}'", "container:0123456789ab", null],
    ["K1402", "services.a.external_links.0", "external_links: ['${X}']", "0123456789ab:db", null],
    [
      "K1403",
      "services.a.device_cgroup_rules.0",
      "device_cgroup_rules: ['c ${X} rwm']",
      "188:*",
      { deviceRules: ["c 188:* rwm"] },
    ],
    [
      "K1415",
      "networks.default",
      "init: true\nnetworks: {default: {driver: macvlan, driver_opts: {parent: '${X}'}}}",
      "eth0",
      { networkDrivers: ["macvlan:eth0"] },
    ],
    [
      "K1415",
      "networks.default.driver_opts.parent",
      "init: true\nnetworks: {default: {driver: macvlan, driver_opts: {parent: '${X}'}}}",
      "../eth0",
      null,
    ],
    [
      "K1415",
      "networks.default",
      "init: true\nnetworks: {default: {driver: '${X}'}}",
      "weave",
      { networkDrivers: ["weave"] },
    ],
    [
      "K1410",
      "volumes.vv.driver",
      "volumes: ['vv:/x']\nvolumes: {vv: {driver: '${X}', driver_opts: {o: bind, device: /}}}",
      "rclone",
      { volumeDrivers: ["rclone"] },
    ],
    ["K1402", "services.a.pid", "pid: '${X}'", "host", { namespaces: ["pid"] }],
    ["K1402", "services.a.volumes_from.0", "volumes_from: ['${X}']", "container:b", null],
    ["K1403", "services.a.devices.0", "devices: ['${X}']", "/dev/net/../kvm", { devices: ["/dev/kvm"] }],
    [
      "K1403",
      "services.a.devices.0",
      "devices: ['/dev/${X}']",
      "kvm:/dev/net/tun",
      { devices: ["/dev/kvm"] },
    ],
    ["K1404", "services.a.volumes.0", "volumes: ['${X}:/x']", "/etc", { paths: ["/etc"] }],
    ["K1404", "services.a.volumes.0", "volumes: ['${X}']", "/etc:/x", { paths: ["/etc"] }],
    [
      "K1404",
      "services.a.volumes.0",
      "volumes: ['/etc/localtime:${X}']",
      "/x:rw",
      { paths: ["/etc/localtime"] },
    ],
    ["K1404", "services.a.volumes.0", "volumes: ['./core/${X}:/x']", "../../../etc", null],
    ["K1404", "services.a.volumes.0", "volumes: ['/proc/${X}:/x']", "self/root", null],
    ["K1430", "services.a.logging", "logging: {driver: '${X}'}", "gelf", null],
    ["K1404", "services.a.volumes.0", "volumes: ['${X}:/x']", "../../etc", null],
    [
      "K1404",
      "services.a.volumes.0",
      "volumes: [{type: bind, source: '${X}', target: /x}]",
      "x/../../../etc",
      null,
    ],
    ["K1404", "services.a.volumes.0", "volumes: ['${X}:/x']", "~/x", null],
    [
      "K1410",
      "volumes.vv.driver_opts",
      "volumes: ['vv:/x']\nvolumes: {vv: {driver_opts: {type: none, o: '${X}', device: /}}}",
      "bind",
      { paths: ["/"], engineSocket: true },
    ],
    [
      "K1410",
      "volumes.vv",
      "volumes: ['vv:/x']\nvolumes: {vv: {external: true, name: '${X}'}}",
      "others",
      { volumes: ["others"] },
    ],
    [
      "K1431",
      "networks.default.ipam.config.0.subnet",
      "init: true\nnetworks: {default: {ipam: {config: [{subnet: '${X}'}]}}}",
      "198.51.100.0/24",
      { subnets: ["198.51.100.0/24"] },
    ],
    ["K1404", "services.a.volumes.0", "volumes: ['${X}/x:/y']", "/srv/__keelson-path-media__", null],
    ["K1404", "services.a.volumes.0", "volumes: ['${X}${X}:/y']", "/__keelson-path-media__", null],
    ["K1404", "services.a.volumes.0", "volumes: ['${X}:/y']", "/srv/../proc/./self/root", null],
    [
      "K1410",
      "volumes.vv.driver_opts",
      "volumes: ['vv:/x']\nvolumes: {vv: {driver_opts: {type: none, o: bind, device: '${X}'}}}",
      "/srv/__keelson-path-media__",
      null,
    ],
  ] satisfies [string, string, string, string, Grants | null][])(
    "is refused with %s at %s: %s with %s",
    async (code, path, keys, value, grants) => {
      const [ofService = "", ...document] = keys.split("\n");
      const text = [`services: {a: {image: a, ${ofService}}}`, ...document].join("\n");
      const refused = await resolve(text, { variables: { X: value } });
      expect(refused.model).toBeNull();
      expect(refused.problems.map((problem) => `${problem.code} ${problem.path}`)).toContain(
        `${code} ${path}`,
      );
      const { problems } = await resolve(text, { variables: { X: value }, allow: grants ?? "all" });
      expect(problems.map((problem) => problem.path)).toEqual(grants === null ? [path] : []);
    },
  );

  it("is free where the value is", async () => {
    const text =
      "services: {a: {image: a, cap_add: ['${C}'], network_mode: '${N}', sysctls: [net.core.somaxconn=9], volumes: ['${L}:/x:ro', '${P}/f:/y']}}";
    const variables = { C: "CHOWN", N: "bridge", L: "/etc/localtime", P: "/__keelson-path-media__" };
    const { model, problems } = await resolve(text, { variables, allow: { paths: ["media"] } });
    expect(problems).toEqual([]);
    expect(model === null ? [] : asksOf(model).map(shortly)).toEqual(["paths media/f a"]);
    expect(model?.services["a"]?.volumes?.[1]?.source).toBe("/__keelson-path-media__/f");
  });
});

describe("what is not granted", () => {
  it.each([
    [
      "an extended service",
      "services: {a: {extends: {service: b, file: base.yaml}}}",
      "services: {b: {image: a, privileged: true}}",
      "base.yaml",
    ],
    ["a merge key", "x-a: &a {privileged: true}\nservices: {a: {<<: *a, image: a}}", "", "compose.yaml"],
    [
      "a list of merge keys",
      "x-a: &a {privileged: true}\nservices: {a: {<<: [{init: true}, *a], image: a}}",
      "",
      "compose.yaml",
    ],
    [
      "an included file",
      "include: [base.yaml]\nservices: {a: {image: a}}",
      "services: {b: {image: b, privileged: true}}",
      "base.yaml",
    ],
  ])("is found in %s", async (_what, main, base, file) => {
    const { problems } = await resolve(main, { base });
    expect(problems.map((problem) => [problem.code, problem.file.split("/").at(-1)])).toEqual([
      ["K1401", file],
    ]);
    expect((await resolve(main, { base, allow: { privileged: true } })).problems).toEqual([]);
  });

  it("is found in an override that takes a reading bind's limit away", async () => {
    const text = "services: {a: {image: a, volumes: ['/etc/localtime:/etc/localtime:ro']}}";
    const override =
      "services: {a: {volumes: [{type: bind, source: /etc/localtime, target: /etc/localtime, read_only: false}]}}";
    const { problems } = await resolve(text, { override });
    expect(problems.map(({ code, file }) => [code, file])).toEqual([
      ["K1404", "environments/lab/compose/core.yaml"],
    ]);
  });
});

function resolve(
  text: string,
  more: { allow?: Grants | "all"; variables?: Record<string, string>; base?: string; override?: string },
) {
  const { base, ...rest } = more;
  const files = { "compose.yaml": text, ...(base === undefined || base === "" ? {} : { "base.yaml": base }) };
  return resolveCompose(sampleInput({ ...rest, files }), { composeBinary, folder });
}

function shortly({ kind, value, service }: Ask): string {
  return `${kind} ${value} ${service}`;
}
