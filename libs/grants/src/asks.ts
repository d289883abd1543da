import { type Ask, type ComposeModel, type Json, compareText, ownOf } from "@keelson/model";

import { findReached } from "./reach.ts";
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
      const name = externalName(ownOf(model.networks, key) ?? null, key);
      return name === null ? [] : [{ kind: "networks", value: name, service }];
    }),
  );
}
