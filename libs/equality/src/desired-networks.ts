import type { ComparedService } from "./compared.ts";
import { type Facts, note, numberOf, recordOf, textOf, textsOf, unordered } from "./fact.ts";

/** Compose gives a container without networks and mode the default network; the names by which it is known come with each. */
export function desiredNetworks(
  facts: Facts,
  { service, name, networkName }: Pick<ComparedService, "service" | "name" | "networkName">,
): void {
  const joined = Object.entries(service.networks ?? {}).sort(byPriority);
  // The engine has these among its own names for the container, whoever asked for them.
  const ownNames = new Set([textOf(service["hostname"]), textOf(service.container_name)]);
  // The first network is the container's mode, and is told with the networks.
  if (joined.length === 0) note(facts, "network_mode", service.network_mode);
  for (const [index, [key, use]] of joined.entries()) {
    const {
      aliases,
      ipv4_address: ipv4,
      ipv6_address: ipv6,
      link_local_ips: local,
      mac_address: mac,
      priority: _,
      ...others
    } = recordOf(use);
    const network = `networks.${networkName(key)}`;
    facts.set(network, "joined");
    note(
      facts,
      `${network}.aliases`,
      unordered([name, ...textsOf(aliases)].filter((each) => !ownNames.has(each))),
    );
    note(
      facts,
      `${network}.addresses`,
      unordered([textOf(ipv4), textOf(ipv6), ...textsOf(local)].filter(Boolean)),
    );
    note(facts, `${network}.links`, unordered(textsOf(service["links"]).map(linkOf)));
    // Engines tell only of the first network whether somebody chose that.
    note(facts, index === 0 ? "mac_address" : `${network}.mac_address`, mac);
    for (const [other, value] of Object.entries(others)) note(facts, `${network}.${other}`, value);
  }
  note(facts, "mac_address", service["mac_address"]);
}

/** As Compose sorts them (docker/compose, NetworksByPriority): the first one is the mode of the container. */
function byPriority([a, first]: [string, unknown], [b, second]: [string, unknown]): number {
  const priorityOf = (use: unknown) => numberOf(recordOf(use)["priority"]);
  return priorityOf(second) - priorityOf(first) || (a < b ? -1 : 1);
}

/** `service` or `service:alias`. */
function linkOf(link: string): string {
  return link.includes(":") ? link : `${link}:${link}`;
}
