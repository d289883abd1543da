import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";

import { type ComposeModel, composeLabels, mapValues, required } from "@keelson/model";
import {
  type Engine,
  type TempFolder,
  buildImageArchive,
  engineVersions,
  hasEngine,
  loadImages,
  makeTempFolder,
  startEngine,
  uniqueName,
} from "@keelson/test/support";
import { stringify } from "yaml";
import { describe, expect, it } from "vitest";

import { findDifferences } from "./index.ts";

interface Case {
  is: object;
  other: object;
  fields: string[];
  unseen?: string[];
  /** Compose asks no older engine for it. */
  since?: number;
}

/** What people write for a service, and a twin that is another container: with the fields in which they differ. */
const cases: Record<string, Case> = {
  plain: { is: {}, other: { tty: true }, fields: ["tty"] },
  command: { is: { command: "sleep 5" }, other: { command: "sleep 6" }, fields: ["command"] },
  inherited: { is: { command: null }, other: { command: ["sleep"] }, fields: ["command"] },
  entrypoint: {
    is: { entrypoint: "sh -c", command: 'echo "$$HOME"' },
    other: { entrypoint: "sh" },
    fields: ["command", "entrypoint"],
  },
  onlyEntrypoint: { is: { entrypoint: ["sleep", "9"] }, other: {}, fields: ["command", "entrypoint"] },
  environment: {
    is: { environment: { A: 1, B: "a $$ sign", C: "" } },
    other: { environment: { A: 2, B: "a $$ sign", D: "" } },
    fields: ["environment.A", "environment.C", "environment.D"],
  },
  annotations: {
    is: { annotations: { team: "a" } },
    other: { annotations: { team: "b" } },
    fields: ["annotations.team"],
  },
  labels: {
    is: { labels: { a: "b", c: "" } },
    other: { labels: { a: "c" } },
    fields: ["labels.a", "labels.c"],
  },
  dockersLabels: {
    is: { labels: { "com.docker.stack.namespace": "a", "desktop.docker.io/wsl": "b", "com.dockers": "c" } },
    other: { labels: { "com.docker.stack.image": "c" } },
    fields: ["labels.com.docker.stack.image", "labels.com.dockers"],
  },
  user: { is: { user: "1000:1000", working_dir: "/tmp/" }, other: {}, fields: ["user", "working_dir"] },
  hostname: {
    is: { hostname: "box", domainname: "example.com" },
    other: { hostname: "other" },
    fields: ["domainname", "hostname"],
  },
  // The engine adds host and container names to the aliases, but for those that are there.
  namesake: {
    is: { hostname: "namesake" },
    other: { hostname: "other" },
    fields: ["hostname", "networks.PROJECT_default.aliases"],
  },
  called: {
    is: { container_name: "PROJECT-box", networks: { back: { aliases: ["PROJECT-box"] } } },
    other: { container_name: "PROJECT-box", networks: { back: { aliases: ["box"] } } },
    fields: ["networks.PROJECT_back.aliases"],
  },
  stop: {
    is: { stop_signal: "SIGINT", stop_grace_period: "1m30s" },
    other: { stop_signal: "SIGTERM", stop_grace_period: "10s" },
    fields: ["stop_grace_period", "stop_signal"],
  },
  restart: { is: { restart: "unless-stopped" }, other: { restart: "no" }, fields: ["restart"] },
  restartCount: { is: { restart: "on-failure:3" }, other: { restart: "on-failure" }, fields: ["restart"] },
  restartPolicy: {
    is: { deploy: { restart_policy: { condition: "on-failure", max_attempts: 2 } } },
    other: { deploy: { restart_policy: { condition: "any" } } },
    fields: ["restart"],
  },
  health: {
    is: { healthcheck: { test: "true", interval: "1m30s", timeout: "3s", retries: 2, start_period: "5s" } },
    other: { healthcheck: { test: ["CMD", "true"], interval: "90s", timeout: "3s", retries: 3 } },
    fields: ["healthcheck.retries", "healthcheck.start_period", "healthcheck.test"],
  },
  noHealth: { is: { healthcheck: { disable: true } }, other: {}, fields: ["healthcheck.test"] },
  ports: {
    is: { ports: ["127.0.0.1:0:80", "5000-5001", "6000/udp"], expose: ["99"] },
    other: { ports: ["127.0.0.2:0:80", "5000-5001"], expose: ["98"] },
    fields: ["expose", "ports.6000/udp", "ports.80/tcp"],
  },
  mounts: {
    is: {
      volumes: [
        "./here:/here:ro",
        "data:/data",
        "/anonymous",
        { type: "tmpfs", target: "/t", tmpfs: { size: 1048576 } },
      ],
    },
    other: { volumes: ["./here:/here", "more:/data", "data:/anonymous", { type: "tmpfs", target: "/t" }] },
    fields: ["tmpfs./t", "volumes./anonymous", "volumes./data", "volumes./here"],
  },
  propagation: {
    is: { volumes: [{ type: "bind", source: "/tmp", target: "/x", bind: { propagation: "rslave" } }] },
    other: { volumes: ["/tmp:/x"] },
    fields: ["volumes./x"],
  },
  memory: {
    is: { tmpfs: ["/run:size=1m", "/z"] },
    other: { tmpfs: "/run" },
    fields: ["tmpfs./run", "tmpfs./z"],
  },
  devices: {
    is: { devices: ["/dev/full:/dev/x:r", "/dev/zero"], device_cgroup_rules: ["c 1:3 mr"] },
    other: { devices: ["/dev/full:/dev/x", "/dev/null"] },
    fields: ["device_cgroup_rules", "devices./dev/null", "devices./dev/x", "devices./dev/zero"],
  },
  limits: {
    is: {
      mem_limit: "64m",
      memswap_limit: "96m",
      mem_reservation: "16m",
      cpus: 0.5,
      cpu_shares: 512,
      pids_limit: 7,
      cpuset: "0",
    },
    other: { mem_limit: "64m" },
    fields: ["cpu_shares", "cpus", "cpuset", "mem_reservation", "memswap_limit", "pids_limit"],
  },
  deployLimits: {
    is: {
      deploy: {
        resources: { limits: { cpus: "0.25", memory: "32M", pids: 5 }, reservations: { memory: "16M" } },
      },
    },
    other: { cpus: 0.25, mem_limit: "32m" },
    fields: ["mem_reservation", "pids_limit"],
  },
  sizes: { is: { shm_size: "64m" }, other: { shm_size: "128m" }, fields: ["shm_size"] },
  ulimits: {
    is: { ulimits: { nofile: 10, nproc: { soft: 1, hard: 2 } } },
    other: { ulimits: { nofile: 11 } },
    // What it does not ask for may be the engine's own.
    fields: ["ulimits.nofile"],
  },
  capabilities: {
    is: { cap_add: ["NET_ADMIN", "SYS_TIME"], cap_drop: ["ALL"] },
    other: { cap_add: ["CAP_NET_ADMIN"] },
    fields: ["cap_add", "cap_drop"],
  },
  security: {
    is: { security_opt: ["no-new-privileges:true", "seccomp:unconfined"], privileged: false },
    other: { security_opt: ["no-new-privileges"] },
    fields: ["security_opt"],
  },
  systemPaths: { is: { security_opt: ["systempaths=unconfined"] }, other: {}, fields: ["security_opt"] },
  privileged: { is: { privileged: true }, other: {}, fields: ["privileged"] },
  sysctls: { is: { sysctls: ["net.core.somaxconn=5"] }, other: {}, fields: ["sysctls.net.core.somaxconn"] },
  namespaces: {
    is: { pid: "host", ipc: "host", uts: "host", userns_mode: "host" },
    other: { ipc: "private" },
    fields: ["ipc", "pid", "userns_mode", "uts"],
  },
  shareable: { is: { ipc: "shareable" }, other: {}, fields: ["ipc"] },
  hostNetwork: {
    is: { network_mode: "host" },
    other: { network_mode: "none" },
    fields: ["network_mode"],
  },
  shared: {
    is: { network_mode: "service:plain", pid: "service:plain" },
    other: { network_mode: "none" },
    fields: ["network_mode", "pid"],
  },
  volumesFrom: {
    is: { volumes_from: ["inherited:ro"] },
    other: {},
    fields: ["volumes./image-data", "volumes_from"],
  },
  networks: {
    is: { networks: { back: { aliases: ["db", "store"] }, front: null } },
    other: { networks: { back: { aliases: ["db"] } } },
    fields: ["networks.PROJECT_back.aliases", "networks.PROJECT_front", "networks.PROJECT_front.aliases"],
  },
  address: {
    is: { networks: { fixed: { ipv4_address: "10.217.93.4" } } },
    other: { networks: { fixed: { ipv4_address: "10.217.93.5" } } },
    fields: ["networks.PROJECT_fixed.addresses"],
  },
  linked: {
    is: { links: ["plain:db", "inherited"] },
    other: { links: ["plain:store", "inherited"] },
    fields: ["networks.PROJECT_default.links"],
  },
  names: {
    is: { extra_hosts: ["a:1.2.3.4", "b=5.6.7.8"], dns: "9.9.9.9", dns_search: ["x"], dns_opt: ["ndots:1"] },
    other: { extra_hosts: { a: "1.2.3.4" } },
    fields: ["dns", "dns_opt", "dns_search", "extra_hosts"],
  },
  logging: {
    is: { logging: { driver: "json-file", options: { "max-size": "1m" } } },
    other: { logging: { driver: "local" } },
    fields: ["logging.driver"],
  },
  others: {
    is: { init: true, read_only: true, stdin_open: true, group_add: ["44", "1"], oom_score_adj: 5 },
    other: { init: false },
    fields: ["group_add", "init", "oom_score_adj", "read_only", "stdin_open"],
  },
  mac: {
    is: { mac_address: "02:42:0a:d9:5d:0b" },
    other: { mac_address: "02:42:0a:d9:5d:0c" },
    fields: ["mac_address"],
  },
  macOrNone: { is: { mac_address: "02:42:0a:d9:5d:0d" }, other: {}, fields: ["mac_address"] },
  macOfNetwork: {
    is: { networks: { back: null, front: { mac_address: "02:42:0a:d9:5d:09", priority: 2 } } },
    other: { networks: { back: null, front: { mac_address: "02:42:0a:d9:5d:0a", priority: 3 } } },
    fields: ["mac_address"],
    since: 25,
  },
  startInterval: {
    is: { healthcheck: { test: "true", start_period: "9s", start_interval: "1s" } },
    other: { healthcheck: { test: "true", start_period: "9s", start_interval: "2s" } },
    fields: ["healthcheck.start_interval"],
    since: 25,
  },
  gateway: {
    is: { networks: { back: { gw_priority: 3, interface_name: "lan0" }, front: null } },
    other: { networks: { back: { gw_priority: 4, interface_name: "lan1" }, front: null } },
    fields: ["networks.PROJECT_back.gw_priority", "networks.PROJECT_back.interface_name"],
    since: 28,
  },
  // How a volume begins is past once it is there.
  nocopy: {
    is: { volumes: [{ type: "volume", source: "data", target: "/d", volume: { nocopy: true } }] },
    other: { volumes: ["data:/d"] },
    fields: [],
  },
  subpath: {
    is: { volumes: [{ type: "volume", source: "data", target: "/d", volume: { subpath: "a" } }] },
    other: { volumes: [{ type: "volume", source: "data", target: "/d", volume: { subpath: "b" } }] },
    fields: ["volumes./d"],
    since: 26,
  },
  recursive: {
    is: { volumes: [{ type: "bind", source: "/etc", target: "/d", bind: { recursive: "disabled" } }] },
    other: { volumes: ["/etc:/d"] },
    fields: ["volumes./d"],
    since: 25,
  },
  relabelled: { is: { volumes: ["./here:/d:Z"] }, other: { volumes: ["./here:/d"] }, fields: ["volumes./d"] },
  asByDefault: {
    is: { runtime: "runc", logging: { driver: "json-file" }, shm_size: "64m" },
    other: {},
    fields: [],
  },
  // What Compose copies into a container cannot be seen.
  inlineConfig: { is: { configs: ["inline"] }, other: {}, fields: [], unseen: ["configs.inline"] },
  fileSecret: { is: { secrets: ["file"] }, other: {}, fields: ["volumes./run/secrets/file"] },
};

type Cases = Readonly<Record<string, Case>>;

const document = (key: "is" | "other", { project, image, known }: Place & { known: Cases }) => ({
  services: JSON.parse(
    JSON.stringify(mapValues(known, (each) => ({ image, ...each[key] }))).replaceAll("PROJECT", project),
  ),
  networks: { back: {}, front: {}, fixed: { ipam: { config: [{ subnet: "10.217.93.0/24" }] } } },
  volumes: { data: {}, more: {} },
  configs: { inline: { content: "hello" } },
  secrets: { file: { file: "./secret" } },
});

/** An image that says much of what a service can say. */
const image = {
  command: ["sleep", "1000"],
  labels: { "org.example": "label" },
  volumes: ["/image-data"],
};

interface Place {
  project: string;
  image: string;
}

/** A project that Compose made on an engine of this version, with what Compose makes of both its documents. */
async function makeProject(
  { dockerHost, docker }: Engine,
  { project, image: tag, known, folder }: Place & { known: Cases; folder: TempFolder },
) {
  await loadImages(docker, [await buildImageArchive({ tag, ...image })]);
  await writeFile(folder.join("secret"), "s");
  const compose = async (name: "is" | "other", ...args: string[]) => {
    await writeFile(folder.join(`${name}.yaml`), stringify(document(name, { project, image: tag, known })));
    const binary = process.env["KEELSON_COMPOSE"] ?? "docker-compose";
    const env = { ...process.env, DOCKER_HOST: dockerHost };
    const options = { cwd: folder.path, env, maxBuffer: 16 * 1024 * 1024 };
    return promisify(execFile)(binary, ["-p", project, "-f", `${name}.yaml`, ...args], options);
  };
  const resolve = async (name: "is" | "other"): Promise<ComposeModel> =>
    JSON.parse((await compose(name, "config", "--format=json")).stdout);
  const models = { is: await resolve("is"), other: await resolve("other") };
  await compose("is", "create");
  // What shares a network gets the names of the other container when it starts.
  await compose("is", "start", "plain", "shared");
  return models;
}

/** Compares each container of the project with its service in both documents. */
async function compareAll(
  { docker }: Engine,
  { project, image: tag, models }: Place & { models: { is: ComposeModel; other: ComposeModel } },
) {
  const { Config: config } = await docker.getImage(tag).inspect();
  const info = await docker.info();
  const listed = await docker.listContainers({ all: true });
  const nameOf = ({ Labels: all }: { Labels: Record<string, string> }) => all[composeLabels.service] ?? "";
  const services = new Map(
    listed.flatMap((each) => [
      [each.Id, nameOf(each)] as const,
      ...each.Names.map((name) => [name.slice(1), nameOf(each)] as const),
    ]),
  );
  const found: Record<string, { is: string[]; other: string[] }> = {};
  for (const each of listed) {
    const name = nameOf(each);
    const inspected: unknown = await docker.getContainer(each.Id).inspect();
    const compare = ({ services: of, configs, secrets }: ComposeModel) =>
      findDifferences(
        {
          name,
          service: required(of[name], `service ${name}`),
          configs,
          secrets,
          image: config,
          networkName: (key) => `${project}_${key}`,
          volumeName: (key) => `${project}_${key}`,
          placeOf: (source) => source,
        },
        {
          inspected,
          serviceOf: (container) => services.get(container) ?? null,
          placeOf: (source) => source,
          defaults: {
            loggingDriver: info.LoggingDriver,
            cgroup: info.CgroupVersion === "2" ? "private" : "host",
            runtime: info.DefaultRuntime,
            hostName: info.Name,
            keepsAnnotations: Number.parseInt(info.ServerVersion, 10) >= 24,
          },
        },
      );
    found[name] = { is: compare(models.is), other: compare(models.other) };
  }
  return found;
}

describe.each(engineVersions)("a container that Compose made, on the engine %s", (version) => {
  it.skipIf(!hasEngine(version))("must be equal to its service, and to no other one", async () => {
    await using engine = await startEngine({ version });
    await using folder = await makeTempFolder();
    const project = uniqueName("equality");
    const { ServerVersion: said } = await engine.docker.info();
    const major = Number.parseInt(said, 10);
    const known = Object.fromEntries(Object.entries(cases).filter(([, { since = 0 }]) => major >= since));
    const place = { project, image: `${project}:1` };
    const models = await makeProject(engine, { ...place, known, folder });
    const expected = mapValues(known, ({ fields, unseen = [] }) => ({
      is: unseen,
      other: fields
        .filter((field) => major >= 24 || !field.startsWith("annotations."))
        .map((field) => field.replace("PROJECT", project)),
    }));
    expect(await compareAll(engine, { ...place, models })).toEqual(expected);
  });

  it.skipIf(!hasEngine(version))("must be equal where the engine's settings have filled it in", async () => {
    await using engine = await startEngine({ version, config: settings });
    await using folder = await makeTempFolder();
    const project = uniqueName("equality");
    const asked = { options: { "max-size": "5m" } };
    const known: Cases = {
      plain: { is: {}, other: { runtime: "runc" }, fields: ["runtime"] },
      shared: {
        is: { ulimits: { core: 1 } },
        other: { ulimits: { nofile: 7 } },
        fields: ["ulimits.nofile"],
      },
      logs: { is: { logging: asked }, other: {}, fields: [] },
      others: { is: {}, other: { logging: asked }, fields: ["logging.options.max-size"] },
      driver: {
        is: { logging: { driver: "json-file", ...asked } },
        other: {},
        fields: ["logging.driver", "logging.options.max-size"],
      },
      size: { is: {}, other: { shm_size: "64m" }, fields: ["shm_size"] },
    };
    const place = { project, image: `${project}:1` };
    const models = await makeProject(engine, { ...place, known, folder });
    const expected = mapValues(known, ({ fields }) => ({ is: [], other: fields }));
    expect(await compareAll(engine, { ...place, models })).toEqual(expected);
  });
});

/** What an administrator may have set for all containers. */
const settings = {
  "log-driver": "local",
  "log-opts": { "max-size": "10m" },
  "default-ulimits": { nofile: { Name: "nofile", Soft: 1024, Hard: 2048 } },
  "default-shm-size": "128M",
  "default-runtime": "other",
  runtimes: { other: { path: "runc" } },
};
