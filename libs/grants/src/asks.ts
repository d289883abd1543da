import {
  type Ask,
  type ComposeModel,
  type EnvironmentNetwork,
  type Grants,
  type Json,
  compareText,
  subnetsOf,
} from "@keelson/model";

import { isGranted } from "./granted.ts";
import { type Reached, findReached } from "./reach.ts";
import { externalName } from "./volume.ts";

/** What a resolved model needs grants for, sorted, each once. Networks of others are in it, whoever made them. */
export function asksOf(model: ComposeModel): Ask[] {
  const root: Json = JSON.parse(JSON.stringify(model));
  const found = [...findReached(root, { stage: "model" }).map(({ ask }) => ask), ...joinedNetworks(model)];
  const asks = new Map(
    found.map((ask) => [JSON.stringify([ask.kind, ask.value, ask.service, ask.readOnly ?? null]), ask]),
  );
  return [...asks].sort(([a], [b]) => compareText(a, b)).map(([, ask]) => ask);
}

/** Whether somebody else has made them is known only with all instances of the node. */
function joinedNetworks(model: ComposeModel): Ask[] {
  return Object.entries(model.services).flatMap(([service, { networks }]) =>
    Object.keys(networks ?? {}).flatMap((key): Ask[] => {
      const name = externalName(model.networks[key] ?? null, key);
      return name === null ? [] : [{ kind: "networks", value: name, service }];
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
