import { type Ask, type DesiredInstance, compareText, isJsonObject } from "@keelson/model";

import type { ImportedProject } from "@keelson/manifest";

/** What becomes of a network that instances join and that none of them makes. */
export interface JoinedNetwork {
  /** In the engine. */
  name: string;
  /** Folders that join it, sorted. */
  folders: readonly string[];
  /** `environment`: it is made as a network of the environment; `grant`: it stays whose it is, and is granted. */
  fate: "environment" | "grant";
  because:
    | "several join it"
    | "one joins it"
    | "it is there"
    | "a folder left out makes it"
    | "its addresses are fixed";
}

export interface Surroundings {
  /** Networks that the engine has and Keelson has not made; none where the engine was not asked. */
  there: ReadonlySet<string>;
  /** Networks that folders with these names make. */
  makes: ReadonlyMap<string, readonly string[]>;
}

/** Judges the networks that imported instances ask for, sorted by name. */
export function judgeNetworks(
  imported: readonly ImportedProject[],
  { instances, surroundings }: { instances: readonly DesiredInstance[]; surroundings: Surroundings },
): JoinedNetwork[] {
  const folderOf = new Map(imported.map(({ instance, folder }) => [instance, folder]));
  const asked = instances.flatMap(({ name, grants }) =>
    grants.filter(({ kind }) => kind === "networks").map(({ value }) => ({ network: value, instance: name })),
  );
  const here = new Set(folderOf.values());
  const elsewhere = new Set(
    [...surroundings.makes].flatMap(([folder, names]) => (here.has(folder) ? [] : names)),
  );
  const fixed = new Set(instances.flatMap(fixedNetworks));
  return [...Map.groupBy(asked, ({ network }) => network)]
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, joins]) => {
      const folders = [...new Set(joins.flatMap(({ instance }) => folderOf.get(instance) ?? []))].sort(
        compareText,
      );
      const because = surroundings.there.has(name)
        ? "it is there"
        : elsewhere.has(name)
          ? "a folder left out makes it"
          : folders.length < 2
            ? "one joins it"
            : fixed.has(name)
              ? "its addresses are fixed"
              : "several join it";
      return { name, folders, fate: because === "several join it" ? "environment" : "grant", because };
    });
}

/** Only who made it knows the subnet of a network in which a service has an address of its own. */
function fixedNetworks({ compose }: DesiredInstance): string[] {
  return Object.values(compose.services)
    .flatMap(({ networks }) => Object.entries(networks ?? {}))
    .filter(([, at]) => at?.["ipv4_address"] !== undefined || at?.["ipv6_address"] !== undefined)
    .flatMap(([key]) => {
      const definition = compose.networks[key];
      return isJsonObject(definition) && typeof definition["name"] === "string" ? [definition["name"]] : [];
    });
}

/** What is still to be granted where the environment makes these networks. */
export function withoutMade(asks: readonly Ask[], networks: readonly JoinedNetwork[]): Ask[] {
  const made = new Set(networks.flatMap(({ name, fate }) => (fate === "environment" ? [name] : [])));
  return asks.filter(({ kind, value }) => kind !== "networks" || !made.has(value));
}
