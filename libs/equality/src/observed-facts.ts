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
import { capability, cleanFolder, exposedPort, securityOptions, signalOf } from "./spelling.ts";
import { observedMounts } from "./observed-mounts.ts";
import { observedNetworks } from "./observed-networks.ts";
import { observedResources } from "./observed-resources.ts";
import { sharedWith } from "./shared-namespace.ts";

/** What the engine says of a container (GET /containers/{id}/json of API 1.41 to 1.51), in the same names and forms. */
export function observedFacts(container: ComparedContainer): Facts {
  const facts: Facts = new Map();
  const { inspected } = container;
  configFacts(facts, container);
  hostFacts(facts, container);
  observedResources(facts, recordOf(recordOf(inspected)["HostConfig"]));
  observedMounts(facts, container);
  observedNetworks(facts, container);
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
  note(facts, "logging.driver", driver);
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
  note(facts, "cgroup", host["CgroupnsMode"]);
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
  // Engines before 23 fill it in at the first start.
  note(facts, "runtime", textOf(host["Runtime"]) || defaults.runtime);
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
