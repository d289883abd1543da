import { defaultShmBytes } from "./desired-resources.ts";
import type { ComparedContainer } from "./compared.ts";
import {
  type Facts,
  listOf,
  note,
  noteEach,
  numberOf,
  recordOf,
  textEntries,
  textOf,
  textsOf,
  unordered,
} from "./fact.ts";
import { healthOf, noteHealth } from "./health.ts";
import { labelsOf, pairsOf } from "./image-facts.ts";
import {
  capability,
  cleanFolder,
  deviceRequest,
  exposedPort,
  securityOptions,
  signalOf,
} from "./spelling.ts";
import { observedMounts } from "./observed-mounts.ts";

/** What the engine says of a container (GET /containers/{id}/json of API 1.41 to 1.51), in the same names and forms. */
export function observedFacts(container: ComparedContainer): Facts {
  const facts: Facts = new Map();
  const { inspected } = container;
  configFacts(facts, container);
  hostFacts(facts, container);
  resourceFacts(facts, recordOf(recordOf(inspected)["HostConfig"]));
  observedMounts(facts, container);
  networkFacts(facts, container);
  return facts;
}

function configFacts(facts: Facts, { inspected, defaults }: ComparedContainer): void {
  const { Config: of, HostConfig: host, Id: id } = recordOf(inspected);
  const config = recordOf(of);
  note(facts, "entrypoint", textsOf(config["Entrypoint"]));
  note(facts, "command", textsOf(config["Cmd"]));
  note(facts, "user", config["User"]);
  note(facts, "working_dir", cleanFolder(textOf(config["WorkingDir"])));
  note(facts, "stop_signal", signalOf(textOf(config["StopSignal"])));
  note(facts, "stop_grace_period", config["StopTimeout"]);
  noteEach(facts, "environment", pairsOf(config["Env"]));
  noteEach(facts, "labels", labelsOf(config["Labels"]));
  noteHealth(facts, healthOf(config["Healthcheck"]));
  note(facts, "expose", unordered(Object.keys(recordOf(config["ExposedPorts"])).map(exposedPort)));
  noteNames(facts, { id, config, mode: textOf(recordOf(host)["NetworkMode"]), defaults });
  note(facts, "tty", config["Tty"]);
  note(facts, "stdin_open", config["OpenStdin"]);
}

/**
 * The engine names a container by its id unless told, gives it the host's name in the host's network, and the names of the
 * container whose network it shares.
 */
function noteNames(
  facts: Facts,
  {
    id,
    config,
    mode,
    defaults,
  }: { id: unknown; config: Record<string, unknown>; mode: string } & Pick<ComparedContainer, "defaults">,
): void {
  if (mode.startsWith("container:")) return;
  const hostname = textOf(config["Hostname"]);
  const isHosts = mode === "host" && hostname === defaults.hostName;
  note(facts, "hostname", isHosts || textOf(id).startsWith(hostname) ? "" : hostname);
  note(facts, "domainname", config["Domainname"]);
}

function hostFacts(facts: Facts, { inspected, serviceOf, defaults }: ComparedContainer): void {
  const host = recordOf(recordOf(inspected)["HostConfig"]);
  const shared = (mode: unknown) => sharedWith(textOf(mode), serviceOf);
  const { Type: driver, Config: options } = recordOf(host["LogConfig"]);
  if (textOf(driver) !== defaults.loggingDriver) facts.set("logging.driver", textOf(driver));
  noteEach(facts, "logging.options", textEntries(options));
  const { Name: policy, MaximumRetryCount: most } = recordOf(host["RestartPolicy"]);
  note(
    facts,
    "restart",
    policy === "no" ? "" : `${textOf(policy)}${numberOf(most) > 0 ? `:${numberOf(most)}` : ""}`,
  );
  noteEach(facts, "annotations", textEntries(host["Annotations"]));
  note(facts, "cap_add", unordered(textsOf(host["CapAdd"]).map(capability)));
  note(facts, "cap_drop", unordered(textsOf(host["CapDrop"]).map(capability)));
  const cgroup = textOf(host["CgroupnsMode"]);
  note(facts, "cgroup", cgroup === defaults.cgroup ? "" : cgroup);
  note(facts, "cgroup_parent", host["CgroupParent"]);
  note(facts, "dns", host["Dns"]);
  note(facts, "dns_opt", host["DnsOptions"]);
  note(facts, "dns_search", host["DnsSearch"]);
  note(facts, "extra_hosts", unordered(textsOf(host["ExtraHosts"])));
  note(facts, "group_add", unordered(textsOf(host["GroupAdd"])));
  note(facts, "init", host["Init"]);
  const ipc = shared(host["IpcMode"]);
  note(facts, "ipc", ipc === "private" ? "" : ipc);
  note(facts, "isolation", host["Isolation"] === "default" ? "" : host["Isolation"]);
  note(facts, "pid", shared(host["PidMode"]));
  note(facts, "privileged", host["Privileged"]);
  note(facts, "read_only", host["ReadonlyRootfs"]);
  note(facts, "runtime", host["Runtime"] === "runc" ? "" : host["Runtime"]);
  note(facts, "security_opt", securityOf(host));
  noteEach(facts, "storage_opt", textEntries(host["StorageOpt"]));
  noteEach(facts, "sysctls", textEntries(host["Sysctls"]));
  note(facts, "userns_mode", host["UsernsMode"]);
  note(facts, "uts", host["UTSMode"]);
  note(facts, "autoremove", host["AutoRemove"]);
  for (const [name, bindings] of Object.entries(recordOf(host["PortBindings"]))) {
    const each = listOf(bindings).map(recordOf);
    note(
      facts,
      `ports.${name}`,
      unordered(each.map(({ HostIp: ip, HostPort: port }) => `${textOf(ip)}:${textOf(port)}`)),
    );
  }
  if (host["PublishAllPorts"] === true) facts.set("publish_all_ports", "true");
}

/** The engine keeps `systempaths=unconfined` as an empty list of hidden paths. */
function securityOf(host: Record<string, unknown>): string[] {
  const {
    SecurityOpt: options,
    MaskedPaths: masked,
    Privileged: privileged,
    PidMode: pid,
    IpcMode: ipc,
  } = host;
  const isOpen = Array.isArray(masked) && masked.length === 0;
  return securityOptions([...textsOf(options), ...(isOpen ? ["systempaths=unconfined"] : [])], {
    privileged,
    pid,
    ipc,
  });
}

/** `container:<id>` is another service of the project where that container is one of its. */
function sharedWith(mode: string, serviceOf: ComparedContainer["serviceOf"]): string {
  const [, id = ""] = /^container:(.+)$/.exec(mode) ?? [];
  const service = id === "" ? null : serviceOf(id);
  return service === null ? mode : `service:${service}`;
}

/** Zero, minus one and nothing all mean that there is no limit. */
function resourceFacts(facts: Facts, host: Record<string, unknown>): void {
  const limit = (name: string, key: string) => note(facts, name, Math.max(0, numberOf(host[key])));
  const memory = numberOf(host["Memory"]);
  const swap = numberOf(host["MemorySwap"]);
  note(facts, "mem_limit", memory);
  // The engine gives as much swap as memory unless told.
  note(facts, "memswap_limit", swap === memory * 2 ? 0 : swap);
  limit("mem_reservation", "MemoryReservation");
  limit("mem_swappiness", "MemorySwappiness");
  note(facts, "cpus", numberOf(host["NanoCpus"]) / 1e9);
  limit("cpu_count", "CpuCount");
  limit("cpu_percent", "CpuPercent");
  limit("cpu_period", "CpuPeriod");
  limit("cpu_quota", "CpuQuota");
  limit("cpu_rt_period", "CpuRealtimePeriod");
  limit("cpu_rt_runtime", "CpuRealtimeRuntime");
  limit("cpu_shares", "CpuShares");
  note(facts, "cpuset", host["CpusetCpus"]);
  note(facts, "cpuset_mems", host["CpusetMems"]);
  limit("pids_limit", "PidsLimit");
  note(facts, "oom_kill_disable", host["OomKillDisable"]);
  note(facts, "oom_score_adj", numberOf(host["OomScoreAdj"]));
  const shm = numberOf(host["ShmSize"]);
  note(facts, "shm_size", shm === defaultShmBytes ? 0 : shm);
  note(facts, "blkio_config.weight", numberOf(host["BlkioWeight"]));
  for (const [key, name] of Object.entries(blockDevices))
    note(facts, `blkio_config.${name}`, listOf(host[key]));
  note(facts, "device_cgroup_rules", unordered(textsOf(host["DeviceCgroupRules"])));
  for (const device of listOf(host["Devices"]).map(recordOf)) {
    facts.set(
      `devices.${textOf(device["PathInContainer"])}`,
      `${textOf(device["PathOnHost"])}:${textOf(device["CgroupPermissions"])}`,
    );
  }
  note(facts, "gpus", listOf(host["DeviceRequests"]).map(recordOf).map(requestOf));
  const ulimits = listOf(host["Ulimits"]).map(recordOf);
  noteEach(
    facts,
    "ulimits",
    ulimits.map(({ Name: name, Soft: soft, Hard: hard }) => [
      textOf(name),
      `${numberOf(soft)}:${numberOf(hard)}`,
    ]),
  );
}

const blockDevices = {
  BlkioWeightDevice: "weight_device",
  BlkioDeviceReadBps: "device_read_bps",
  BlkioDeviceWriteBps: "device_write_bps",
  BlkioDeviceReadIOps: "device_read_iops",
  BlkioDeviceWriteIOps: "device_write_iops",
};

function requestOf(request: Record<string, unknown>): unknown {
  return deviceRequest({
    driver: request["Driver"],
    count: request["Count"],
    device_ids: request["DeviceIDs"],
    capabilities: listOf(request["Capabilities"]).flatMap(textsOf),
    options: request["Options"],
  });
}

/** The engine adds names of its own to those that a container was given; engines from 25 on tell them apart. */
function networkFacts(facts: Facts, { inspected, serviceOf }: ComparedContainer): void {
  const {
    HostConfig: host,
    NetworkSettings: settings,
    Id: id,
    Name: name,
    Config: config,
  } = recordOf(inspected);
  const mode = sharedWith(textOf(recordOf(host)["NetworkMode"]), serviceOf);
  const joined = Object.entries(recordOf(recordOf(settings)["Networks"])).filter(
    ([key]) => !predefined.has(key),
  );
  if (joined.length === 0) note(facts, "network_mode", mode === "default" ? "bridge" : mode);
  const ownNames = new Set([
    textOf(id).slice(0, 12),
    textOf(name).replace(/^\//, ""),
    textOf(recordOf(config)["Hostname"]),
  ]);
  for (const [key, endpoint] of joined) {
    const {
      Aliases: aliases,
      IPAMConfig: chosen,
      Links: links,
      MacAddress: _mac,
      DriverOpts: options,
    } = recordOf(endpoint);
    const { IPv4Address: ipv4, IPv6Address: ipv6, LinkLocalIPs: local } = recordOf(chosen);
    const network = `networks.${key}`;
    facts.set(network, "joined");
    note(facts, `${network}.aliases`, unordered(textsOf(aliases).filter((each) => !ownNames.has(each))));
    note(
      facts,
      `${network}.addresses`,
      unordered([textOf(ipv4), textOf(ipv6), ...textsOf(local)].filter(Boolean)),
    );
    note(
      facts,
      `${network}.links`,
      unordered([...new Set(textsOf(links).flatMap((link) => linkOf(link, serviceOf)))]),
    );
    note(facts, `${network}.driver_opts`, options);
  }
}

/** `CONTAINER:ALIAS` as `service:alias`. Compose adds two numbered aliases to the one that was asked for. */
function linkOf(link: string, serviceOf: ComparedContainer["serviceOf"]): string[] {
  const [container = "", alias = ""] = link.split(":");
  const service = serviceOf(container);
  if (service === null) return [link];
  const isNumbered = /^-\d+$/.test(alias.slice(alias.lastIndexOf(service) + service.length));
  return alias.includes(service) && isNumbered ? [] : [`${service}:${alias}`];
}

/** Networks that a container has by its mode. */
const predefined: ReadonlySet<string> = new Set(["bridge", "host", "none"]);
