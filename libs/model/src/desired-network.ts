import type { DesiredNetwork, DesiredNode } from "./desired.ts";

/** All networks that a node makes: those of its instances and those of the environment. */
export function networksOf({ instances, networks }: DesiredNode): DesiredNetwork[] {
  return [...instances.flatMap((instance) => instance.networks), ...networks];
}

/** Engine names of the networks that services join and that nobody desired makes: they must be there already. */
export function externalNetworksOf(desired: DesiredNode): string[] {
  const made = new Set(networksOf(desired).map(({ name }) => name));
  const joined = desired.instances.flatMap(({ services }) => services.flatMap(({ networks }) => networks));
  return [...new Set(joined)].filter((name) => !made.has(name)).sort();
}

/** A network is also found by its id: one of that name would be mistaken for another. */
export function isNetworkId(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}
