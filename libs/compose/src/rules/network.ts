import { isPluginName, readNetworkDriver } from "@keelson/grants";
import { interfaceOptions, isJsonObject, isNetworkId } from "@keelson/model";

import { type Occurrence, type Rule, afterVariables, isOff, isOneOf, shown, unless } from "../rule.ts";

const bridgeOptions = [
  "com.docker.network.driver.mtu",
  "com.docker.network.bridge.enable_icc",
  "com.docker.network.bridge.enable_ip_masquerade",
  "com.docker.network.bridge.host_binding_ipv4",
];

/** K1415: networks are bridges of the instance's own, or shared ones that someone made. Other drivers need a grant. */
export const networkRules: readonly Rule[] = [
  {
    at: "networks.*.driver",
    code: "K1415",
    refuse: afterVariables(({ value }) =>
      typeof value === "string" && isPluginName(value) && !unusable.has(value)
        ? null
        : `the network driver ${shown(value)} is not one that a package can use`,
    ),
    hint: "Leave driver out; or use macvlan, ipvlan or a plugin of the engine, with a grant. A network of another driver that somebody else has made can be joined: external: true, and a grant.",
  },
  {
    at: "networks.*",
    code: "K1415",
    refuse: ({ value, key }) => {
      const { kind, name, parent } = readNetworkDriver(value);
      const isMade = isJsonObject(value) && isOff(value["external"] ?? null);
      return isMade && kind === "interface" && parent === null
        ? `the network ${key} has the driver ${name}, and no parent says at which interface of the host`
        : null;
    },
    hint: "Name it: driver_opts: { parent: eth0 }.",
  },
  {
    at: "networks.*.driver_opts.*",
    code: "K1415",
    refuse: optionRefusal,
    hint: `Permitted are ${bridgeOptions.join(", ")}; of macvlan and ipvlan parent and the mode.`,
  },
  {
    at: "networks.*.ipam.driver",
    code: "K1415",
    refuse: unless(isOneOf("default"), "the address driver {value} is not the engine's own"),
    hint: "Leave driver out; subnets can be given under config.",
  },
  {
    at: "networks.*.ipam.options",
    code: "K1415",
    refuse: unless(isOff, "options of an address driver are not permitted"),
    hint: "Leave options out.",
  },
  {
    at: "networks.*",
    code: "K1415",
    refuse: nameRefusal,
    hint: "Write letters, digits, _, . and -; host, none, bridge and default are the engine's own, and 64 hexadecimal digits are the id of a network.",
  },
  {
    at: "services.*.networks.*.driver_opts",
    code: "K1415",
    refuse: unless(isOff, "driver options of a connection can change kernel settings"),
    hint: "Leave driver_opts out.",
  },
];

/**
 * The engine takes the name for a network mode, so a network named host or container:x joins that namespace. An external one
 * has its key for a name where it says no other.
 */
function nameRefusal({ value, key, context }: Occurrence): string | null {
  if (!isJsonObject(value)) return null;
  const external = value["external"] ?? null;
  const given = value["name"] ?? (isJsonObject(external) ? external["name"] : undefined) ?? null;
  if (isOff(external) && isOff(given)) return null;
  const name = given ?? key;
  // What comes from a variable is judged after Compose has filled it in.
  if (context.stage === "file" && shown(name).includes("$")) return null;
  const isShareable =
    typeof name === "string" &&
    /^[a-zA-Z0-9][\w.-]*$/.test(name) &&
    !["host", "none", "bridge", "default"].includes(name) &&
    !isNetworkId(name);
  if (isShareable) return null;
  return isOff(external)
    ? `the network's name ${shown(name)} is not one that a network can have`
    : `the external network ${shown(name)} is not one to share`;
}

/** The engine's own kinds that are no network of their own, or of a swarm. */
const unusable: ReadonlySet<string> = new Set(["host", "none", "null", "default", "overlay", "transparent"]);

const forms = new Map<string, RegExp>(Object.entries(interfaceOptions));

/** The driver of an option stands beside it, in the same file. */
function optionRefusal({ key, value, parents, context }: Occurrence): string | null {
  const { kind, options, name } = readNetworkDriver(parents.at(-2) ?? null);
  if (kind === "plugin") return null;
  if (kind === "bridge" && !bridgeOptions.includes(key))
    return `the driver option ${key} can attach to interfaces of the host`;
  if (kind === "interface" && options?.includes(key) !== true)
    return `the driver option ${key} is not one of ${name}`;
  const form = forms.get(key);
  if (form === undefined || isOff(value) || (context.stage === "file" && shown(value).includes("$")))
    return null;
  return typeof value === "string" && form.test(value)
    ? null
    : `the driver option ${key} cannot be ${shown(value)}`;
}
