import { type Ask, type ComposeModel, Grants, NodeGrants, isJsonObject } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { asksOf } from "./asks.ts";
import { hostPathOf, isGranted, isPermitted, permittedPaths, withNames } from "./granted.ts";

interface Case {
  /** Keys of the service, or of the document for what stands there. */
  asked: Record<string, unknown>;
  at?: "document";
  ask: string;
  granted: Grants;
  narrow: Grants;
  permitted: NodeGrants;
  tight: NodeGrants;
}

const path = (text: string, more: object = {}) => ({
  paths: { media: { path: text, readOnly: false, nested: false, ...more } },
});
const mount = (source: string, more: object = {}) => ({
  volumes: [{ type: "bind", source, target: "/x", ...more }],
});
const options = (of: object) => ({ volumes: { share: { driver_opts: of } } });

const cases: Case[] = [
  {
    asked: { privileged: true },
    ask: "privileged true",
    granted: { privileged: true },
    narrow: { privileged: false, capabilities: ["ALL"] },
    permitted: { privileged: true },
    tight: { privileged: false },
  },
  ...["NET_ADMIN", "net_admin", "CAP_NET_ADMIN", "cap_net_admin"].map((capability) => ({
    asked: { cap_add: [capability] },
    ask: "capabilities NET_ADMIN",
    granted: { capabilities: ["cap_net_admin"] },
    narrow: { capabilities: ["NET_ADMI", "SYS_ADMIN"] },
    permitted: { capabilities: ["NET_ADMIN"] },
    tight: { capabilities: ["NET_RAW"] },
  })),
  {
    asked: { cap_add: ["all"] },
    ask: "capabilities ALL",
    granted: { capabilities: ["ALL"] },
    narrow: { capabilities: ["NET_ADMIN", "SYS_ADMIN"] },
    permitted: { capabilities: ["ALL"] },
    tight: { capabilities: ["SYS_ADMIN"] },
  },
  {
    asked: { security_opt: ["apparmor:unconfined"] },
    ask: "securityOptions apparmor=unconfined",
    granted: { securityOptions: ["apparmor=unconfined"] },
    narrow: { securityOptions: ["seccomp=unconfined"] },
    permitted: { securityOptions: ["apparmor:unconfined"] },
    tight: { securityOptions: ["apparmor"] },
  },
  ...["seccomp=./profiles//chrome.json", "seccomp:profiles/chrome.json"].map((option) => ({
    asked: { security_opt: [option] },
    ask: "securityOptions seccomp=profiles/chrome.json",
    granted: { securityOptions: ["seccomp:./profiles/chrome.json"] },
    narrow: { securityOptions: ["seccomp=profiles/chrome", "seccomp=chrome.json", "apparmor=unconfined"] },
    permitted: { securityOptions: ["seccomp=unconfined"] },
    tight: { securityOptions: ["seccomp=profiles"] },
  })),
  ...["unconfined", "builtin"].map((name) => ({
    asked: { security_opt: [`seccomp=./${name}`] },
    ask: `securityOptions seccomp=./${name}`,
    granted: { securityOptions: [`seccomp=.//${name}`] },
    narrow: { securityOptions: ["seccomp=builtin"] },
    permitted: { securityOptions: ["seccomp=unconfined"] },
    tight: { securityOptions: [] },
  })),
  {
    asked: { security_opt: ["seccomp:unconfined"] },
    ask: "securityOptions seccomp=unconfined",
    granted: { securityOptions: ["seccomp=unconfined"] },
    narrow: { securityOptions: ["seccomp=unconfined.json"] },
    permitted: { securityOptions: ["seccomp:unconfined"] },
    tight: { securityOptions: ["seccomp=./unconfined"] },
  },
  ...["c 188:* rwm", "c 188:* mwr", "c 0188:* mrw"].map((rule) => ({
    asked: { device_cgroup_rules: [rule] },
    ask: "deviceRules c 188:* rwm",
    granted: { deviceRules: ["c 188:* mrw"] },
    narrow: { deviceRules: ["c 188:* rw", "c 188:0 rwm", "b 188:* rwm"], devices: ["/dev"] },
    permitted: { deviceRules: ["c 188:* rwm"] },
    tight: { deviceRules: ["a *:* rwm", "c 18:* rwm"] },
  })),
  ...(["network_mode", "pid", "ipc"] as const).map((key): Case => {
    const namespace = key === "network_mode" ? "network" : key;
    const other = key === "pid" ? "ipc" : "pid";
    return {
      asked: { [key]: "container:vpn" },
      ask: `namespaces ${namespace}:container:vpn`,
      granted: { namespaces: [`${namespace}:container:vpn`] },
      narrow: { namespaces: [namespace, `${namespace}:container:vpn2`, `${other}:container:vpn`] },
      permitted: { namespaces: [`${namespace}:container:vpn`] },
      tight: { namespaces: [`${namespace}:container:VPN`] },
    };
  }),
  ...[
    { driver: "macvlan", driver_opts: { parent: "eth0.20" } },
    { driver: "macvlan", driver_opts: { parent: "eth0.20", macvlan_mode: "bridge" } },
  ].map((network) => ({
    asked: { networks: { lan: network } },
    at: "document" as const,
    ask: "networkDrivers macvlan:eth0.20",
    granted: { networkDrivers: ["macvlan:eth0.20"] },
    narrow: { networkDrivers: ["macvlan", "macvlan:eth0", "ipvlan:eth0.20"] },
    permitted: { networkDrivers: ["macvlan:eth0.20"] },
    tight: { networkDrivers: ["macvlan:eth0.2", "MACVLAN:eth0.20"] },
  })),
  {
    asked: { networks: { lan: { driver: "net/dhcp", driver_opts: { bridge: "br0" } } } },
    at: "document",
    ask: "networkDrivers net/dhcp",
    granted: { networkDrivers: ["net/dhcp:latest"] },
    narrow: { networkDrivers: ["net/dhcp:1", "net", "dhcp"] },
    permitted: { networkDrivers: ["net/dhcp"] },
    tight: { networkDrivers: ["macvlan:br0"] },
  },
  {
    asked: { volumes: { share: { driver: "vieux/sshfs:latest", driver_opts: { sshcmd: "a@b:/" } } } },
    at: "document",
    ask: "volumeDrivers vieux/sshfs",
    granted: { volumeDrivers: ["vieux/sshfs"] },
    narrow: { volumeDrivers: ["vieux/sshfs:1", "sshfs", "local"], volumes: ["share"] },
    permitted: { volumeDrivers: ["vieux/sshfs:latest"] },
    tight: { volumeDrivers: ["vieux"] },
  },
  {
    asked: { sysctls: { "kernel.shmmax": "1" } },
    ask: "sysctls kernel.shmmax",
    granted: { sysctls: ["kernel.*"] },
    narrow: { sysctls: ["kernel.shm", "net.*"] },
    permitted: { sysctls: ["kernel.shmmax"] },
    tight: { sysctls: ["kernel"] },
  },
  {
    asked: { sysctls: { "net.core.somaxconn": "1" }, network_mode: "host" },
    ask: "sysctls net.core.somaxconn",
    granted: { sysctls: ["net.core.*"], namespaces: ["network"] },
    narrow: { sysctls: ["net.ipv4.*"], namespaces: ["network"] },
    permitted: { sysctls: ["*"], namespaces: ["network"] },
    tight: { namespaces: ["network"] },
  },
  {
    asked: { runtime: "nvidia" },
    ask: "runtimes nvidia",
    granted: { runtimes: ["nvidia"] },
    narrow: { runtimes: ["runsc"] },
    permitted: { runtimes: ["nvidia"] },
    tight: { runtimes: ["Nvidia"] },
  },
  ...[
    ["network_mode", "network"],
    ["pid", "pid"],
    ["ipc", "ipc"],
    ["uts", "uts"],
    ["userns_mode", "user"],
    ["cgroup", "cgroup"],
  ].map(([key = "", namespace = ""]): Case => ({
    asked: { [key]: "host" },
    ask: `namespaces ${namespace}`,
    granted: Grants.parse({ namespaces: [namespace] }),
    narrow: { namespaces: namespace === "pid" ? ["network"] : ["pid"] },
    permitted: NodeGrants.parse({ namespaces: [namespace] }),
    tight: { namespaces: [] },
  })),
  ...[
    "/dev/dri/card0",
    "/dev/dri/card0:/dev/other:rwm",
    "/dev//dri/../dri/./card0/",
    { source: "/dev/dri/card0", target: "/x", permissions: "r" },
  ].map((device) => ({
    asked: { devices: [device] },
    ask: "devices /dev/dri/card0",
    granted: { devices: ["/dev/dri"] },
    narrow: { devices: ["/dev/dr", "/dev/dri/card"] },
    permitted: { devices: ["/dev/dri/card0"] },
    tight: { devices: ["/dev/dri/card1"] },
  })),
  ...[
    { gpus: "all" },
    { gpus: [{ count: -1, capabilities: ["gpu"] }] },
    { devices: ["nvidia.com/gpu=0"] },
    { deploy: { resources: { reservations: { devices: [{ driver: "nvidia", capabilities: ["gpu"] }] } } } },
  ].map((asked) => ({
    asked,
    ask: "gpus true",
    granted: { gpus: true },
    narrow: { devices: ["/dev"] },
    permitted: { gpus: true },
    tight: { gpus: false },
  })),
  ...["/srv/media/films", "//srv/./media//films/", "/srv/x/../media/films"].map((source) => ({
    asked: mount(source),
    ask: "paths /srv/media/films rw",
    granted: { paths: ["/srv/media"] },
    narrow: { paths: ["/srv/med", "/srv/media/films2"] },
    permitted: path("/srv/media"),
    tight: path("/srv/media/filmsx"),
  })),
  {
    asked: mount("/srv/media", { read_only: true }),
    ask: "paths /srv/media ro",
    granted: { paths: ["media"] },
    narrow: { paths: ["/srv/media/below"] },
    permitted: path("/srv/media", { readOnly: true }),
    tight: path("/srv/media/below", { readOnly: true }),
  },
  ...[mount("/srv/media"), mount("/srv/media", { read_only: true, bind: { selinux: "Z" } })].map((asked) => ({
    asked,
    ask: "paths /srv/media rw",
    granted: { paths: ["/"] },
    narrow: { paths: [] },
    permitted: path("/srv"),
    tight: path("/srv", { readOnly: true }),
  })),
  {
    asked: mount("/__keelson-path-media__/films"),
    ask: "paths media/films rw",
    granted: { paths: ["media"] },
    narrow: { paths: ["medi", "media/filmsx", "/"] },
    permitted: path("/anywhere"),
    tight: { paths: {} },
  },
  {
    asked: mount("/var/run/docker.sock", { read_only: true }),
    ask: "engineSocket true",
    granted: { engineSocket: true },
    narrow: { paths: ["/var/run"] },
    permitted: { engineSocket: true },
    tight: path("/"),
  },
  ...["/", "/run", "/var/run/", "/run/containerd"].map((source) => ({
    asked: mount(source, { read_only: true }),
    ask: "engineSocket true",
    granted: { engineSocket: true, paths: ["/"] },
    narrow: { paths: ["/"] },
    permitted: { engineSocket: true, ...path("/") },
    tight: path("/"),
  })),
  {
    asked: { volumes: { pg: { external: true, name: "myapp_pgdata" } } },
    at: "document",
    ask: "volumes myapp_pgdata",
    granted: { volumes: ["myapp_pgdata"] },
    narrow: { volumes: ["pg", "myapp_pgdat"] },
    permitted: { volumes: ["myapp_pgdata"] },
    tight: { volumes: ["myapp"] },
  },
  ...[
    options({ type: "nfs", o: "addr=nas.lan,rw,nfsvers=4", device: ":/export/a" }),
    options({ type: "nfs4", o: "addr=NAS.lan,soft", device: "other:/export//a/" }),
    options({ type: "nfs", device: "nas.lan:/export/a" }),
  ].map((asked) => ({
    asked,
    at: "document" as const,
    ask: "mounts nfs://nas.lan/export/a",
    granted: { mounts: ["nfs://nas.lan/export"] },
    narrow: { mounts: ["nfs://nas.la/export", "nfs://nas.lan/exp", "cifs://nas.lan/export"] },
    permitted: { mounts: ["NFS://nas.LAN/export/a/"] },
    tight: { mounts: ["nfs://nas.lan/export/b"] },
  })),
  {
    asked: options({ type: "cifs", o: "username=a,password=b,vers=3.0", device: "//nas.lan/films" }),
    at: "document",
    ask: "mounts cifs://nas.lan/films",
    granted: { mounts: ["cifs://nas.lan/films"] },
    narrow: { mounts: ["cifs://nas.lan/film"] },
    permitted: { mounts: ["cifs://nas.lan/"] },
    tight: { mounts: ["nfs://nas.lan/films"] },
  },
  {
    asked: options({ type: "none", o: "bind", device: "/srv/media" }),
    at: "document",
    ask: "paths /srv/media rw",
    granted: { paths: ["/srv/media"] },
    narrow: { mounts: ["none:///srv/media"] },
    permitted: path("/srv"),
    tight: path("/srv", { readOnly: true }),
  },
  {
    asked: { networks: { back: { ipam: { config: [{ subnet: "203.0.113.0/24" }] } } } },
    at: "document",
    ask: "subnets 203.0.113.0/24",
    granted: { subnets: ["203.0.113.0/24"] },
    narrow: { subnets: ["203.0.113.0/25", "198.51.100.0/24"] },
    permitted: { subnets: ["203.0.0.0/16"] },
    tight: { subnets: ["203.0.112.0/24"] },
  },
  {
    asked: { networks: { back: { ipam: { config: [{ subnet: "10.0.0.0/8" }] } } } },
    at: "document",
    ask: "subnets 10.0.0.0/8",
    granted: { subnets: ["10.0.0.0/8"] },
    narrow: { subnets: ["10.0.0.0/9"] },
    permitted: { subnets: ["10.0.0.0/8"] },
    tight: { subnets: ["10.0.0.0/16"] },
  },
  ...[
    { driver: "fluentd" },
    { driver: "fluentd", options: { "fluentd-address": "127.0.0.1" } },
    { driver: "fluentd", options: { "fluentd-address": "TCP://127.0.0.1:24224" } },
  ].map((logging) => ({
    asked: { logging },
    ask: "loggingAddresses tcp://127.0.0.1:24224",
    granted: { loggingAddresses: ["tcp://127.0.0.1:24224"] },
    narrow: { loggingAddresses: ["tcp://127.0.0.1:2422", "udp://127.0.0.1:24224"] },
    permitted: { loggingAddresses: ["127.0.0.1:24224"] },
    tight: { loggingAddresses: ["tcp://127.0.0.1"] },
  })),
  {
    asked: { logging: { driver: "syslog" } },
    ask: "loggingAddresses unix:///dev/log",
    granted: { loggingAddresses: ["unix:///dev/log"] },
    narrow: { loggingAddresses: ["unix:///dev/Log"] },
    permitted: { loggingAddresses: ["unix:///dev/log"] },
    tight: { loggingAddresses: ["tcp:///dev/log"] },
  },
  {
    asked: { networks: { proxy: null } },
    ask: "networks proxy",
    granted: { networks: ["proxy"] },
    narrow: { networks: ["prox", "proxy2"] },
    permitted: { networks: ["proxy"] },
    tight: { networks: ["Proxy"] },
  },
];

describe.each(cases)("$ask, asked by $asked,", ({ asked, at, ask, granted, narrow, permitted, tight }) => {
  const asks = asksOf(modelOf(asked, at));

  it("is found", () => {
    expect(asks.map(textOf)).toContain(ask);
  });

  it("is neither granted nor permitted where nobody says so", () => {
    expect(asks.every((each) => isGranted(each, {}))).toBe(false);
    expect(asks.every((each) => isPermitted(each, undefined) || isPermitted(each, {}))).toBe(false);
  });

  it("is granted by the environment alone without the node's word", () => {
    expect(asks.filter((each) => !isGranted(each, granted))).toEqual([]);
    expect(asks.every((each) => isPermitted(each, {}))).toBe(false);
  });

  it("is permitted by the node that names it", () => {
    expect(asks.filter((each) => !isPermitted(each, permitted))).toEqual([]);
  });

  it("is not granted by something narrower", () => {
    expect(asks.every((each) => isGranted(each, narrow))).toBe(false);
    expect(asks.every((each) => isPermitted(each, tight))).toBe(false);
  });

  it("is granted and permitted by all", () => {
    expect(asks.every((each) => isGranted(each, "all") && isPermitted(each, "all"))).toBe(true);
  });
});

describe("what is free", () => {
  it.each([
    { cap_drop: ["ALL"], cap_add: ["CHOWN", "setuid", "CAP_NET_BIND_SERVICE", "NET_RAW"] },
    { security_opt: ["no-new-privileges:true"] },
    { security_opt: ["seccomp=builtin", "apparmor:docker-default", "no-new-privileges"] },
    { privileged: false },
    { sysctls: { "net.core.somaxconn": "1024" } },
    { sysctls: ["net.ipv4.ip_unprivileged_port_start=0"] },
    { network_mode: "service:vpn" },
    { network_mode: "none", pid: "service:vpn", ipc: "shareable", cgroup: "private" },
    mount("/etc/localtime", { read_only: true }),
    mount("/etc/timezone", { read_only: true }),
    mount("core/conf"),
    { volumes: [{ type: "volume", source: "data", target: "/x" }] },
    { logging: { driver: "journald" } },
    { devices: [] },
    { device_cgroup_rules: [] },
    { network_mode: "container:own", container_name: "own" },
    { external_links: ["other-db-1:db"] },
    { gpus: [] },
  ])("asks for nothing: %j", (asked) => {
    expect(asksOf(modelOf(asked))).toEqual([]);
  });

  it("is no more than the file itself, and no writing to it", () => {
    const asks = [
      mount("/etc/localtime"),
      mount("/etc/localtime.d", { read_only: true }),
      mount("/etc", { read_only: true }),
    ];
    expect(asks.map((asked) => asksOf(modelOf(asked)).map(textOf))).toEqual([
      ["paths /etc/localtime rw"],
      ["paths /etc/localtime.d ro"],
      ["paths /etc ro"],
    ]);
  });

  it.each([{ driver: "bridge" }, { driver: "macvlan", external: true }])("is a network with %j", (of) => {
    expect(asksOf(modelOf({ networks: { lan: of } }, "document"))).toEqual([]);
  });

  it.each([{ size: "1g" }, { type: "tmpfs", device: "tmpfs", o: "size=100m,uid=1000" }])(
    "is a volume with %j",
    (of) => {
      expect(asksOf(modelOf(options(of), "document"))).toEqual([]);
    },
  );
});

describe("a path of the node", () => {
  const bound: Ask = { kind: "paths", value: "media/films", readOnly: false, service: "web" };
  const node = { paths: { media: { path: "/srv/media", readOnly: false, nested: false } } };

  it("has its place there", () => {
    expect(hostPathOf(bound, node)).toBe("/srv/media/films");
    expect(hostPathOf({ ...bound, value: "media" }, node)).toBe("/srv/media");
    expect(hostPathOf({ ...bound, value: "other/films" }, node)).toBeNull();
    expect(hostPathOf({ ...bound, value: "constructor" }, node)).toBeNull();
    expect(hostPathOf({ ...bound, value: "/x" }, node)).toBe("/x");
  });

  it("is not climbed out of", () => {
    const [ask] = asksOf(modelOf(mount("/__keelson-path-media__/../backup")));
    expect(ask).toMatchObject({ kind: "paths", value: "media/../backup" });
    expect(isGranted(ask ?? bound, { paths: ["media"] })).toBe(false);
    expect(isPermitted(ask ?? bound, node)).toBe(false);
  });

  it("permits an absolute path only as the name that the environment grants", () => {
    const paths = { ...node.paths, backup: { path: "/srv/backup", readOnly: false, nested: false } };
    const ask = withNames({ ...bound, value: "/srv/backup/a" }, { paths: ["media"] });
    expect(ask.names).toEqual(["media"]);
    expect(isPermitted(ask, { paths })).toBe(false);
    expect(isPermitted({ ...ask, value: "/srv/media/a" }, { paths })).toBe(true);
    expect(permittedPaths(withNames({ ...bound, value: "/srv/backup/a" }, "all"), { paths })).toEqual([
      paths.backup,
    ]);
  });
});

describe("paths of the node in each other", () => {
  const permit = (at: string, readOnly: boolean) => ({ path: at, readOnly, nested: false });
  const node = {
    paths: {
      media: permit("/srv/media", false),
      narrow: permit("/srv/media/films", true),
      inbox: permit("/srv/media/films/new", false),
    },
  };
  const may = (value: string, names?: string[]) =>
    isPermitted(
      { kind: "paths", value, service: "web", readOnly: false, ...(names === undefined ? {} : { names }) },
      node,
    );

  it.each([["/srv/media/films"], ["/srv/media/films/old"], ["media/films"], ["media/films/new"], ["narrow"]])(
    "are written as the innermost says, and %s is not",
    (value) => {
      expect(may(value, ["media"])).toBe(false);
      const ask: Ask = { kind: "paths", value, service: "web", readOnly: true };
      expect(isPermitted(ask, node)).toBe(true);
    },
  );

  it("are written where no inner one is read-only", () => {
    expect(["/srv/media", "/srv/media/music", "media/music"].map((value) => may(value))).toEqual([
      true,
      true,
      true,
    ]);
    expect(["/srv/media/films/new", "inbox/x"].map((value) => may(value))).toEqual([true, true]);
    expect(may("/srv/media/films/new", ["media", "inbox"])).toBe(true);
    expect(may("/srv/media/films/new", ["media"])).toBe(false);
  });
});

describe("a part of a path of the node", () => {
  const node = { paths: { media: { path: "/srv/media", readOnly: false, nested: false } } };
  const may = (value: string, granted: string) =>
    isPermitted(withNames({ kind: "paths", value, service: "web" }, { paths: [granted] }), node);

  it("is no more of it by an absolute path", () => {
    expect(may("/srv/media/films", "media/films")).toBe(true);
    expect(may("/srv/media/films/new", "media/./films/")).toBe(true);
    expect(may("/srv/media", "media/films")).toBe(false);
    expect(may("/srv/media/music", "media/films")).toBe(false);
    expect(may("/srv/media/films2", "media/films")).toBe(false);
  });

  it("leads nowhere else where the grant climbs", () => {
    expect(may("/srv/other", "media/../other")).toBe(false);
    expect(may("/srv/media", "media/..")).toBe(false);
  });
});

function modelOf(asked: object, at?: "document"): ComposeModel {
  const document = at === "document" ? asked : {};
  return {
    name: "lab-core",
    networks: { proxy: { external: true, name: "proxy" } },
    volumes: {},
    secrets: {},
    configs: {},
    ...document,
    services: { web: { image: "app", ...(isJsonObject(asked) && at === undefined ? asked : {}) } },
  };
}

function textOf({ kind, value, readOnly }: Ask): string {
  return `${kind} ${value}${readOnly === undefined ? "" : readOnly ? " ro" : " rw"}`;
}
