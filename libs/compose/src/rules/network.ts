import { isJsonObject } from "@keelson/model";

import { type Occurrence, type Rule, isOff, isOneOf, shown, unless } from "../rule.ts";

const permittedOptions = [
  "com.docker.network.driver.mtu",
  "com.docker.network.bridge.enable_icc",
  "com.docker.network.bridge.enable_ip_masquerade",
  "com.docker.network.bridge.host_binding_ipv4",
];

/** K1415: networks are bridges of the instance's own, or shared ones that someone made. */
export const networkRules: readonly Rule[] = [
  {
    at: "networks.*.driver",
    code: "K1415",
    refuse: unless(isOneOf("bridge"), "the network driver {value} reaches past the engine's own bridges"),
    hint: "Leave driver out. A network of another driver that somebody else has made can be joined: external: true, and a grant.",
  },
  {
    at: "networks.*.driver_opts.*",
    code: "K1415",
    refuse: ({ key }) =>
      permittedOptions.includes(key) ? null : `the driver option ${key} can attach to interfaces of the host`,
    hint: `Permitted are ${permittedOptions.join(", ")}.`,
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
    hint: "Write letters, digits, _, . and -; host, none, bridge and default are the engine's own.",
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
    !["host", "none", "bridge", "default"].includes(name);
  if (isShareable) return null;
  return isOff(external)
    ? `the network's name ${shown(name)} is not one that a network can have`
    : `the external network ${shown(name)} is not one to share`;
}
