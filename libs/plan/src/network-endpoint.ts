import {
  type Cause,
  type DesiredInstance,
  type DesiredService,
  type Endpoint,
  type JsonObject,
  type ObservedContainer,
  properName,
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
  const { services, networks } = instance.compose;
  const model = services[service.name];
  const [key] = Object.entries(networks).find(([, definition]) => definition?.["name"] === network) ?? [];
  const use: JsonObject = (key === undefined ? null : model?.networks?.[key]) ?? {};
  const isFixed = [model?.["links"], model?.["mac_address"]].some((value) => value !== undefined);
  if (isFixed || Object.keys(use).some((name) => !endpointKeys.has(name))) return null;
  const textsOf = (value: unknown) =>
    (Array.isArray(value) ? value : []).filter((each) => typeof each === "string");
  const textOf = (value: unknown) => (typeof value === "string" ? value : "");
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
  { container, service }: { container: ObservedContainer; service: Pick<DesiredService, "name"> },
): Cause | null {
  if (!container.networks.includes(network)) return because.drift(`network ${network} is not connected`);
  const isNameless = container.namelessIn?.includes(network) === true;
  return isNameless ? because.drift(`network ${network} does not know it as ${service.name}`) : null;
}
