import { type Json, isJsonObject, isOff } from "@keelson/model";

import type { HostReach } from "./host-reach.ts";
import { pluginOf } from "./plugin.ts";

/** Drivers that put containers into the network of an interface of the host, with the options that each has. */
const interfaceDrivers: ReadonlyMap<string, readonly string[]> = new Map([
  ["macvlan", ["parent", "macvlan_mode", "com.docker.network.driver.mtu"]],
  ["ipvlan", ["parent", "ipvlan_mode", "ipvlan_flag", "com.docker.network.driver.mtu"]],
]);

export interface NetworkDriver {
  /** `bridge` where the definition says none. */
  name: string;
  /** `interface`: at one of the host's; `plugin`: what it reaches is its own affair. */
  kind: "bridge" | "interface" | "plugin";
  /** The host's interface; null for what is none, and where none is said. */
  parent: string | null;
  /** Options that it has; null where only the plugin knows. */
  options: readonly string[] | null;
}

/** What an entry of `networks` says of its driver, or environment.yaml of a network's. */
export function readNetworkDriver(definition: Json): NetworkDriver {
  const given = isJsonObject(definition) ? definition : {};
  const { driver = null, driver_opts: options = null } = given;
  const name = isOff(driver) || typeof driver !== "string" ? "bridge" : driver;
  const known = interfaceDrivers.get(name);
  const parent = isJsonObject(options) ? (options["parent"] ?? null) : null;
  if (name === "bridge") return { name, kind: "bridge", parent: null, options: [] };
  return known === undefined
    ? { name, kind: "plugin", parent: null, options: null }
    : { name, kind: "interface", parent: typeof parent === "string" ? parent : null, options: known };
}

/** K1415: networks that reach past the engine's own bridges. */
export const networkDriverReaches: readonly HostReach[] = [
  {
    at: "networks.*",
    code: "K1415",
    message: ({ value }) =>
      value.includes("vlan:")
        ? `the network is at an interface of the host (${value}), past the engine's own bridges`
        : `the network driver ${value} is a plugin, which reaches what it likes`,
    asks: ({ value }) => {
      const { name, kind, parent } = readNetworkDriver(value);
      const isExternal = isJsonObject(value) && !isOff(value["external"] ?? null);
      if (isExternal || kind === "bridge" || (kind === "interface" && parent === null)) return [];
      return [{ kind: "networkDrivers", value: kind === "plugin" ? pluginOf(name) : `${name}:${parent}` }];
    },
  },
];
