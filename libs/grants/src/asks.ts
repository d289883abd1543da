import {
  type Ask,
  type ComposeModel,
  type EnvironmentNetwork,
  type Grants,
  type Json,
  compareText,
  ownOf,
  subnetsOf,
} from "@keelson/model";

import { isGranted } from "./granted.ts";
import { type Reached, findReached } from "./reach.ts";
import { externalName } from "./volume.ts";

/** An ask, and the keys that lead to it in the model. */
export interface PlacedAsk {
  ask: Ask;
  path: readonly string[];
}

/** What a resolved model needs grants for, sorted, each once. Networks of others are in it, whoever made them. */
export function asksOf(model: ComposeModel): Ask[] {
  return findAsks(model).map(({ ask }) => ask);
}

/** The same with the first place of each. */
export function findAsks(model: ComposeModel): PlacedAsk[] {
  const root: Json = JSON.parse(JSON.stringify(model));
  const found = [...findReached(root, { stage: "model" }), ...joinedNetworks(model)];
  const asks = Map.groupBy(found, ({ ask }) =>
    JSON.stringify([ask.kind, ask.value, ask.service, ask.readOnly ?? null]),
  );
  return [...asks]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([, [first]]) => (first === undefined ? [] : [{ ask: first.ask, path: first.path }]));
}

/** Whether somebody else has made them is known only with all instances of the node. */
function joinedNetworks(model: ComposeModel): PlacedAsk[] {
  return Object.entries(model.services).flatMap(([service, { networks }]) =>
    Object.keys(networks ?? {}).flatMap((key): PlacedAsk[] => {
      const name = externalName(ownOf(model.networks, key) ?? null, key);
      return name === null
        ? []
        : [{ ask: { kind: "networks", value: name, service }, path: ["networks", key] }];
    }),
  );
}

/** What a network of the environment needs grants for: every package that joins it asks for that. */
export function findReachedByNetwork(name: string, definition: EnvironmentNetwork | null): Reached[] {
  const root: Json = JSON.parse(JSON.stringify({ networks: { [name]: definition ?? {} } }));
  return findReached(root, { stage: "model" });
}

/**
 * Subnets of private ranges that the environment names all the same: they may overlap with what the node has, where that
 * permits it.
 */
export function namedSubnets(
  networks: readonly Readonly<Record<string, unknown>>[],
  grants: Grants | "all",
): Ask[] {
  if (grants === "all") return [];
  const asks = networks.flatMap(subnetsOf).map((value): Ask => ({ kind: "subnets", value, service: "" }));
  return asks.filter((ask) => isGranted(ask, grants));
}
