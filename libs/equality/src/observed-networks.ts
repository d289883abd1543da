import type { ComparedContainer } from "./compared.ts";
import { type Facts, note, recordOf, textOf, textsOf, unordered } from "./fact.ts";
import { sharedWith } from "./shared-namespace.ts";

/** The engine adds names of its own to those that a container was given; engines from 25 on tell them apart. */
export function observedNetworks(facts: Facts, { inspected, serviceOf }: ComparedContainer): void {
  const {
    HostConfig: host,
    NetworkSettings: settings,
    Id: id,
    Name: name,
    Config: config,
  } = recordOf(inspected);
  const mode = sharedWith(textOf(recordOf(host)["NetworkMode"]), serviceOf);
  const joined = Object.entries(recordOf(recordOf(settings)["Networks"])).filter(
    ([key]) => !predefined.has(key),
  );
  if (joined.length === 0) note(facts, "network_mode", mode === "default" ? "bridge" : mode);
  const ownNames = new Set([
    textOf(id).slice(0, 12),
    textOf(name).replace(/^\//, ""),
    textOf(recordOf(config)["Hostname"]),
  ]);
  note(facts, "mac_address", recordOf(config)["MacAddress"]);
  for (const [key, endpoint] of joined) {
    const {
      Aliases: aliases,
      IPAMConfig: chosen,
      Links: links,
      DriverOpts: options,
      GwPriority: gateway,
    } = recordOf(endpoint);
    const { IPv4Address: ipv4, IPv6Address: ipv6, LinkLocalIPs: local } = recordOf(chosen);
    const network = `networks.${key}`;
    facts.set(network, "joined");
    note(facts, `${network}.aliases`, unordered(textsOf(aliases).filter((each) => !ownNames.has(each))));
    note(
      facts,
      `${network}.addresses`,
      unordered([textOf(ipv4), textOf(ipv6), ...textsOf(local)].filter(Boolean)),
    );
    note(
      facts,
      `${network}.links`,
      unordered([...new Set(textsOf(links).flatMap((link) => linkOf(link, serviceOf)))]),
    );
    const { [interfaceOption]: interfaceName, ...others } = recordOf(options);
    note(facts, `${network}.driver_opts`, others);
    note(facts, `${network}.interface_name`, interfaceName);
    note(facts, `${network}.gw_priority`, gateway);
  }
}

/** How Compose asks Docker 28 for the name of an interface. */
const interfaceOption = "com.docker.network.endpoint.ifname";

/** `CONTAINER:ALIAS` as `service:alias`. Compose adds two numbered aliases to the one that was asked for. */
function linkOf(link: string, serviceOf: ComparedContainer["serviceOf"]): string[] {
  const [container = "", alias = ""] = link.split(":");
  const service = serviceOf(container);
  if (service === null) return [link];
  const isNumbered = /^-\d+$/.test(alias.slice(alias.lastIndexOf(service) + service.length));
  return alias.includes(service) && isNumbered ? [] : [`${service}:${alias}`];
}

/** Networks that a container has by its mode. */
const predefined: ReadonlySet<string> = new Set(["bridge", "host", "none"]);
