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
    hint: "Leave driver out.",
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
    refuse: externalRefusal,
    hint: "Name a network that was made for sharing.",
  },
  {
    at: "services.*.networks.*.driver_opts",
    code: "K1415",
    refuse: unless(isOff, "driver options of a connection can change kernel settings"),
    hint: "Leave driver_opts out.",
  },
];

/** The engine takes the name for a network mode, so a network named host or container:x joins that namespace. */
function externalRefusal({ value, key, context }: Occurrence): string | null {
  if (!isJsonObject(value)) return null;
  const external = value["external"] ?? null;
  if (isOff(external)) return null;
  const name = value["name"] ?? (isJsonObject(external) ? external["name"] : undefined) ?? key;
  // The name of another instance's network comes from a variable; it is judged after Compose has filled it in.
  if (context.stage === "file" && typeof name === "string" && /^\$\{\w+\}$/.test(name)) return null;
  const isShareable =
    typeof name === "string" &&
    /^[a-zA-Z0-9][\w.-]*$/.test(name) &&
    !["host", "none", "bridge", "default"].includes(name);
  return isShareable ? null : `the external network ${shown(name)} is not one to share`;
}
