import { type ComposeService, parseDurationMs } from "@keelson/model";

import { desiredMounts } from "./desired-mounts.ts";
import type { ComparedService } from "./compared.ts";
import {
  type Facts,
  listOf,
  note,
  noteEach,
  recordOf,
  textEntries,
  textOf,
  textsOf,
  unordered,
} from "./fact.ts";
import { capability, deviceRequest, securityOptions } from "./spelling.ts";
import { imageFacts } from "./image-facts.ts";
import { desiredNetworks } from "./desired-networks.ts";
import { desiredResources } from "./desired-resources.ts";

/** Keys of a service that no container shows: they say how and when it is made, and what for. */
const notOfTheContainer: ReadonlySet<string> = new Set([
  "attach",
  "build",
  "container_name",
  "depends_on",
  "develop",
  "image",
  "platform",
  "profiles",
  "pull_policy",
  "scale",
]);

/**
 * What Compose 2 makes of a service (docker/compose, pkg/compose/create.go), with what the engine takes from the image.
 * A key that is not known here is a fact of its own, which no container has.
 */
export function desiredFacts({ service, ...context }: ComparedService): Facts {
  const facts: Facts = new Map();
  const plain = unescaped(service);
  const keys = { ...translations, ...desiredResources };
  for (const [key, value] of Object.entries(plain)) {
    if (notOfTheContainer.has(key)) continue;
    const translate = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (translate === undefined) note(facts, key, value);
    else translate(facts, value);
  }
  note(facts, "security_opt", securityOptions(textsOf(plain["security_opt"]), plain));
  desiredMounts(facts, { service: plain, ...context });
  desiredNetworks(facts, { service: plain, ...context });
  imageFacts(facts, { service: plain, image: context.image });
  return facts;
}

/** A model is written as Compose reads it: `$$` is a dollar sign. */
function unescaped(service: ComposeService): ComposeService {
  return JSON.parse(JSON.stringify(service), (_, value: unknown) =>
    typeof value === "string" ? value.replaceAll("$$", "$") : value,
  );
}

type Translation = (facts: Facts, value: unknown) => void;

const asText =
  (name: string): Translation =>
  (facts, value) =>
    note(facts, name, textOf(value));
const asIs =
  (name: string): Translation =>
  (facts, value) =>
    note(facts, name, value);
const asNames =
  (name: string): Translation =>
  (facts, value) =>
    note(facts, name, unordered(textsOf(typeof value === "string" ? [value] : value)));
const elsewhere: Translation = () => {};

const translations: Record<string, Translation> = {
  annotations: (facts, value) => noteEach(facts, "annotations", textEntries(value)),
  cap_add: (facts, value) => note(facts, "cap_add", unordered(textsOf(value).map(capability))),
  cap_drop: (facts, value) => note(facts, "cap_drop", unordered(textsOf(value).map(capability))),
  cgroup: asText("cgroup"),
  cgroup_parent: asText("cgroup_parent"),
  command: elsewhere,
  configs: elsewhere,
  device_cgroup_rules: asNames("device_cgroup_rules"),
  devices: (facts, value) => {
    for (const each of listOf(value).map(recordOf)) {
      facts.set(
        `devices.${textOf(each["target"])}`,
        `${textOf(each["source"])}:${textOf(each["permissions"]) || "rwm"}`,
      );
    }
  },
  dns: asIs("dns"),
  dns_opt: asIs("dns_opt"),
  dns_search: asIs("dns_search"),
  domainname: asText("domainname"),
  entrypoint: elsewhere,
  environment: elsewhere,
  expose: elsewhere,
  extra_hosts: (facts, value) =>
    note(facts, "extra_hosts", unordered(textsOf(value).map((text) => text.replace("=", ":")))),
  gpus: (facts, value) => note(facts, "gpus", listOf(value).map(deviceRequest)),
  group_add: asNames("group_add"),
  healthcheck: elsewhere,
  hostname: asText("hostname"),
  init: asIs("init"),
  ipc: (facts, value) => note(facts, "ipc", value === "private" ? "" : value),
  isolation: asText("isolation"),
  labels: elsewhere,
  links: elsewhere,
  logging: (facts, value) => {
    const { driver, options } = recordOf(value);
    note(facts, "logging.driver", driver);
    noteEach(facts, "logging.options", textEntries(options));
  },
  mac_address: elsewhere,
  network_mode: elsewhere,
  networks: elsewhere,
  pid: asText("pid"),
  ports: (facts, value) => {
    const published = listOf(value).map(recordOf);
    const bindings = new Map<string, string[]>();
    for (const port of published) {
      const name = `${textOf(port["target"])}/${textOf(port["protocol"]) || "tcp"}`;
      const binding = `${textOf(port["host_ip"])}:${textOf(port["published"])}`;
      bindings.set(name, [...(bindings.get(name) ?? []), binding]);
    }
    for (const [name, all] of bindings) note(facts, `ports.${name}`, unordered(all));
  },
  privileged: asIs("privileged"),
  read_only: asIs("read_only"),
  restart: elsewhere,
  secrets: elsewhere,
  runtime: asText("runtime"),
  security_opt: elsewhere,
  stdin_open: asIs("stdin_open"),
  stop_grace_period: (facts, value) =>
    note(facts, "stop_grace_period", Math.ceil(parseDurationMs(textOf(value)) / 1000)),
  stop_signal: elsewhere,
  storage_opt: (facts, value) => noteEach(facts, "storage_opt", textEntries(value)),
  sysctls: (facts, value) => noteEach(facts, "sysctls", textEntries(value)),
  tmpfs: elsewhere,
  tty: asIs("tty"),
  user: elsewhere,
  userns_mode: asText("userns_mode"),
  uts: asText("uts"),
  volumes: elsewhere,
  volumes_from: elsewhere,
  working_dir: elsewhere,
};
