import type { NetworkCreateOptions, NetworkInspectInfo } from "dockerode";

import { listOf, mapOf, recordOf, textOf } from "./json-reader.ts";

type Definition = Record<string, unknown>;

/** From the form of the Compose specification (`networks`) to that of the engine's API (`POST /networks/create`). */
export function engineNetwork(definition: Definition): Partial<NetworkCreateOptions> {
  const ipam = recordOf(definition["ipam"]);
  return {
    Driver: textOf(definition["driver"]) || "bridge",
    Options: mapOf(definition["driver_opts"]),
    Internal: definition["internal"] === true,
    Attachable: definition["attachable"] === true,
    EnableIPv6: definition["enable_ipv6"] === true,
    // Unknown to engines before 28, so only when it is asked for.
    ...(definition["enable_ipv4"] === false ? { EnableIPv4: false } : {}),
    ...(Object.keys(ipam).length === 0
      ? {}
      : {
          IPAM: {
            Driver: textOf(ipam["driver"]) || "default",
            Options: mapOf(ipam["options"]),
            Config: poolsOf(ipam).map(({ subnet, range, gateway, aux }) => ({
              ...(subnet === "" ? {} : { Subnet: subnet }),
              ...(range === "" ? {} : { IPRange: range }),
              ...(gateway === "" ? {} : { Gateway: gateway }),
              ...(Object.keys(aux).length === 0 ? {} : { AuxiliaryAddresses: aux }),
            })),
          },
        }),
  };
}

interface Pool {
  subnet: string;
  range: string;
  gateway: string;
  aux: Record<string, string>;
}

function poolsOf(ipam: Definition): Pool[] {
  return listOf(ipam["config"])
    .map(recordOf)
    .map((pool) => ({
      subnet: textOf(pool["subnet"]),
      range: textOf(pool["ip_range"]),
      gateway: textOf(pool["gateway"]),
      aux: mapOf(pool["aux_addresses"]),
    }));
}

/**
 * How a network differs from the definition that its labels claim; empty when it does not. The engine may choose what the
 * definition leaves open: addresses from its pools, and options that it is configured to add.
 */
export function findNetworkFlaw(found: NetworkInspectInfo, definition: Definition): string {
  const wanted = engineNetwork(definition);
  const have = recordOf(found);
  const options = mapOf(have["Options"]);
  const isIpv6 = definition["enable_ipv6"] ?? options["com.docker.network.enable_ipv6"] === "true";
  const flags = [
    ["Internal", "internal", wanted.Internal],
    ["Attachable", "attachable", wanted.Attachable],
    ["EnableIPv6", "enable_ipv6", isIpv6],
  ] as const;
  // The engine writes the tag of a plugin that has none.
  if (![wanted.Driver, `${wanted.Driver}:latest`].includes(textOf(have["Driver"])))
    return `its driver is ${textOf(have["Driver"])}`;
  if (textOf(have["Scope"]) !== "local") return `its scope is ${textOf(have["Scope"])}`;
  for (const [field, name, value] of flags) {
    if ((have[field] === true) !== (value === true)) return `${name} is ${String(have[field] === true)}`;
  }
  if ((have["EnableIPv4"] ?? true) !== (definition["enable_ipv4"] !== false)) return "enable_ipv4 differs";
  return findOptionFlaw(options, wanted.Options ?? {}) || findPoolFlaw(found, definition);
}

/** What `default-network-opts` of the engine can add without reaching the host. */
const harmlessOptions: ReadonlySet<string> = new Set([
  "com.docker.network.driver.mtu",
  "com.docker.network.bridge.enable_icc",
  "com.docker.network.bridge.enable_ip_masquerade",
  "com.docker.network.bridge.host_binding_ipv4",
  "com.docker.network.enable_ipv4",
  "com.docker.network.enable_ipv6",
]);

function findOptionFlaw(have: Record<string, string>, wanted: Record<string, string>): string {
  const lost = Object.keys(wanted).find((name) => have[name] !== wanted[name]);
  const added = Object.keys(have).find((name) => wanted[name] === undefined && !harmlessOptions.has(name));
  const different = lost ?? added;
  return different === undefined ? "" : `its option ${different} is ${have[different] ?? "missing"}`;
}

function findPoolFlaw(found: NetworkInspectInfo, definition: Definition): string {
  const wanted = recordOf(definition["ipam"]);
  const have = recordOf(found.IPAM);
  const driver = textOf(have["Driver"]);
  if (driver !== "default" && driver !== textOf(wanted["driver"])) return `its address driver is ${driver}`;
  if (Object.keys(mapOf(have["Options"])).length > 0) return "its addresses have options";
  const pools = listOf(have["Config"]).map(recordOf);
  const rest = poolsOf(wanted);
  for (const pool of pools) {
    const subnet = textOf(pool["Subnet"]);
    if (Object.keys(mapOf(pool["AuxiliaryAddresses"])).length > 0 && rest.length === 0)
      return `addresses of ${subnet} are reserved`;
    if (rest.length === 0) continue;
    const index = rest.findIndex(
      (each) => each.subnet === "" || canonical(each.subnet) === canonical(subnet),
    );
    const [match] = index < 0 ? [] : rest.slice(index, index + 1);
    if (match === undefined) return `its subnet is ${subnet}`;
    const flaw = findAddressFlaw(pool, match);
    if (flaw !== "") return flaw;
  }
  const missing = rest.find(
    ({ subnet }) =>
      subnet !== "" && !pools.some((pool) => canonical(textOf(pool["Subnet"])) === canonical(subnet)),
  );
  return missing === undefined ? "" : `it does not have the subnet ${missing.subnet}`;
}

/** Only newer engines show a gateway that the definition does not name. */
function findAddressFlaw(pool: Definition, { range, gateway, aux }: Pool): string {
  const [haveRange, haveGateway] = [textOf(pool["IPRange"]), textOf(pool["Gateway"])];
  if (canonical(haveRange) !== canonical(range)) return `its range of addresses is ${haveRange || "missing"}`;
  if (gateway !== "" && canonical(haveGateway) !== canonical(gateway)) return `its gateway is ${haveGateway}`;
  const haveAux = mapOf(pool["AuxiliaryAddresses"]);
  const names = [...new Set([...Object.keys(aux), ...Object.keys(haveAux)])];
  const different = names.find((name) => canonical(aux[name] ?? "") !== canonical(haveAux[name] ?? ""));
  return different === undefined ? "" : `its reserved address ${different} is another one`;
}

/** One text for an address or a subnet: an IPv6 one can be written in several ways. */
function canonical(address: string): string {
  const [host = "", ...rest] = address.split("/");
  const url = `http://[${host}]`;
  return [host.includes(":") && URL.canParse(url) ? new URL(url).hostname : host, ...rest].join("/");
}
