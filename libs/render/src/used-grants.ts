import { asksOf, isGranted, withNames } from "@keelson/grants";
import type { Ask, ComposeInput, ComposeModel, DesiredInstance, DesiredNetwork } from "@keelson/model";

/** What an instance reaches of the host, as the environment permits it. */
export function usedGrants(model: ComposeModel, { allow }: Pick<ComposeInput, "allow">): Ask[] {
  return asksOf(model)
    .filter((ask) => isGranted(ask, allow))
    .map((ask) => withNames(ask, allow));
}

/** A network that an instance of the node or the environment makes is nobody else's, and needs no grant. */
export function withoutOwnNetworks(
  instances: readonly DesiredInstance[],
  ofEnvironment: readonly DesiredNetwork[],
): DesiredInstance[] {
  const made = [
    ...instances.flatMap(({ networks }) => networks),
    ...ofEnvironment.filter(({ mayBeForeign }) => mayBeForeign !== true),
  ];
  const owned = new Set(made.map(({ name }) => name));
  return instances.map((instance) => ({
    ...instance,
    grants: instance.grants.filter(({ kind, value }) => kind !== "networks" || !owned.has(value)),
  }));
}
