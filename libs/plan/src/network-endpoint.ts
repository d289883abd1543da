import {
  type Cause,
  type DesiredInstance,
  type DesiredService,
  type Endpoint,
  type JsonObject,
  type ObservedContainer,
  properName,
  ownOf,
} from "@keelson/model";

import { because } from "./cause.ts";

/** What of a service's connection to a network the engine can be told at any time. */
const endpointKeys: ReadonlySet<string> = new Set([
  "aliases",
  "ipv4_address",
  "ipv6_address",
  "link_local_ips",
  "priority", // it only orders the networks of a container that Compose makes
]);

/** How a container is to be in a network; null where only Compose can make one that is so. */
export function findEndpoint(
  service: DesiredService,
  {
    instance,
    network,
    container,
  }: { instance: DesiredInstance; network: string; container: Pick<ObservedContainer, "name"> },
): Endpoint | null {
  const use = findUse(service, { instance, network });
  const model = ownOf(instance.compose.services, service.name);
  const isFixed = [model?.["links"], model?.external_links, model?.["mac_address"]].some(
    (value) => value !== undefined,
  );
  if (isFixed || Object.keys(use).some((name) => !endpointKeys.has(name))) return null;
  return {
    aliases: [...new Set([properName(container.name), service.name, ...textsOf(use["aliases"])])],
    ipv4Address: textOf(use["ipv4_address"]),
    ipv6Address: textOf(use["ipv6_address"]),
    linkLocalAddresses: textsOf(use["link_local_ips"]),
  };
}

/** What is wrong with a container's connection to a network; null when nothing is. */
export function lackOf(
  network: string,
  {
    container,
    service,
    instance,
  }: { container: ObservedContainer; service: DesiredService; instance: DesiredInstance },
): Cause | null {
  if (!container.networks.includes(network)) return because.drift(`network ${network} is not connected`);
  const endpoint = ownOf(container.endpoints, network);
  if (endpoint === undefined) return null;
  const use = findUse(service, { instance, network });
  const { names, fixedAddresses } = endpoint;
  const unknown = [service.name, ...textsOf(use["aliases"])].find((name) => names?.includes(name) === false);
  if (unknown !== undefined) return because.drift(`network ${network} does not know it as ${unknown}`);
  const has = new Set(fixedAddresses.map(shortAddress));
  const wanted = [
    textOf(use["ipv4_address"]),
    textOf(use["ipv6_address"]),
    ...textsOf(use["link_local_ips"]),
  ];
  const missing = wanted.find((address) => address !== "" && !has.has(shortAddress(address)));
  return missing === undefined ? null : because.drift(`network ${network} does not give it ${missing}`);
}

/** What the Compose file says of a service in a network; nothing where it only names the network. */
function findUse(
  service: Pick<DesiredService, "name">,
  { instance, network }: { instance: DesiredInstance; network: string },
): JsonObject {
  const { services, networks } = instance.compose;
  const [key] = Object.entries(networks).find(([, definition]) => definition?.["name"] === network) ?? [];
  return (key === undefined ? null : ownOf(ownOf(services, service.name)?.networks, key)) ?? {};
}

/** An IPv6 address in the one form that engines may give to all of its spellings. */
function shortAddress(address: string): string {
  return address.includes(":") ? (URL.parse(`http://[${address}]`)?.hostname ?? address) : address;
}

function textsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : []).filter((each) => typeof each === "string");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
