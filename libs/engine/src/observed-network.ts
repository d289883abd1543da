import { type NodeSecrets, type ObservedNetwork, composeLabels, labels, resourceIds } from "@keelson/model";
import type { NetworkInspectInfo } from "dockerode";

import type { Engine } from "./engine.ts";
import type { Surroundings } from "./observed-container.ts";
import { labelOf } from "./ownership.ts";
import { askEngine, unreadable } from "./request.ts";

export interface NetworkQuestion {
  environment: string;
  /** Engine names. */
  networks: readonly string[];
  ownershipOf: NodeSecrets["ownershipOf"];
  signal?: AbortSignal | undefined;
}

/** The desired networks and those of the environment, and what all that exist are called. */
export async function observeNetworks(
  engine: Engine,
  { environment, networks: names, ownershipOf, signal }: NetworkQuestion,
): Promise<{
  observed: ObservedNetwork[];
  existing: Surroundings["existingNetworks"];
  all: NetworkInspectInfo[];
}> {
  const networks = await listNetworks(engine, signal);
  const observed = networks
    .filter(({ Name: name, Labels: all }) => {
      return names.includes(name) || labelOf(all ?? {}, labels.environment) === environment;
    })
    .map(({ Id: id, Name: name, Labels: all = {} }) => ({
      id,
      name,
      ownership: ownershipOf(resourceIds.network(name), all[labels.owner]),
      project: labelOf(all, composeLabels.project),
      digest: labelOf(all, labels.digest),
    }));
  const existing = {
    ids: new Set(networks.map(({ Id: id }) => id)),
    names: new Set(networks.map(({ Name: name }) => name)),
  };
  return { observed, existing, all: networks };
}

/** All networks. Engine 20.10 can have several of one name. */
export async function listNetworks(
  engine: Engine,
  signal: AbortSignal | undefined,
): Promise<NetworkInspectInfo[]> {
  const what = "list networks";
  const networks = await askEngine(engine, {
    what,
    signal,
    send: (abortSignal) => engine.docker.listNetworks({ abortSignal }),
  });
  if (!Array.isArray(networks)) throw unreadable(what);
  return networks;
}
