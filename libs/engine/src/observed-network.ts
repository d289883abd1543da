import {
  type DesiredNetwork,
  type MadeHere,
  type NodeSecrets,
  type ObservedNetwork,
  type Provenance,
  composeLabels,
  labels,
  resourceIds,
} from "@keelson/model";
import type { NetworkInspectInfo } from "dockerode";

import type { Engine } from "./engine.ts";
import type { Surroundings } from "./observed-container.ts";
import { findNetworkFlaw } from "./network-definition.ts";
import { adopterOf, labelOf } from "./ownership.ts";
import { askEngine, unreadable } from "./request.ts";

export interface NetworkQuestion {
  environment: string;
  networks: readonly DesiredNetwork[];
  externalNetworks: readonly string[];
  ownershipOf: NodeSecrets["ownershipOf"];
  madeHere: MadeHere;
  signal?: AbortSignal | undefined;
}

/** The desired networks, those that are joined, and those of the environment; and what all that exist are called. */
export async function observeNetworks(
  engine: Engine,
  question: NetworkQuestion,
): Promise<{
  observed: ObservedNetwork[];
  existing: Surroundings["existingNetworks"];
  all: NetworkInspectInfo[];
}> {
  const networks = await listNetworks(engine, question.signal);
  const wanted = new Map(question.networks.map((network) => [network.name, network]));
  const observed = networks
    .filter(({ Id: id, Name: name, Labels: all }) => {
      const isWanted = wanted.has(name) || question.externalNetworks.includes(name);
      const isOfEnvironment = labelOf(all ?? {}, labels.environment) === question.environment;
      return isWanted || isOfEnvironment || adopterOf(question.madeHere, { kind: "networks", id }) !== "";
    })
    .map((found) => describeNetwork(found, { ...question, wanted: wanted.get(found.Name) }));
  const existing = {
    ids: new Set(networks.map(({ Id: id }) => id)),
    names: new Set(networks.map(({ Name: name }) => name)),
  };
  return { observed, existing, all: networks };
}

function describeNetwork(
  found: NetworkInspectInfo,
  question: Pick<NetworkQuestion, "environment" | "ownershipOf" | "madeHere"> & {
    wanted: DesiredNetwork | undefined;
  },
): ObservedNetwork {
  const { Id: id, Name: name } = found;
  const all = found.Labels ?? {};
  if (all[labels.owner] === undefined) return describeUnlabelled(found, question);
  const digest = labelOf(all, labels.digest);
  const of = labelOf(all, labels.environment);
  const isElsewhere = of !== "" && of !== question.environment;
  // One key can be that of a node in several environments.
  const claimed = isElsewhere
    ? "foreign"
    : question.ownershipOf(resourceIds.network(name), all[labels.owner]);
  // A network with another definition is made anew in any case.
  const definition = question.wanted?.digest === digest ? question.wanted.definition : null;
  const judged = judgeNetwork({
    provenance: question.madeHere.network({ id, name }),
    flaw: definition === null ? "" : findNetworkFlaw(found, definition),
  });
  return {
    id,
    name,
    ...(claimed === "ours" ? judged : { ownership: claimed, flaw: "" }),
    project: labelOf(all, composeLabels.project),
    digest,
    ...(isElsewhere ? { elsewhere: { environment: of } } : {}),
  };
}

/** Of one that somebody else made, only its definition shows what it is. One that was taken over has the digest of what it is. */
function describeUnlabelled(
  found: NetworkInspectInfo,
  { madeHere, wanted }: Pick<NetworkQuestion, "madeHere"> & { wanted: DesiredNetwork | undefined },
): ObservedNetwork {
  const { Id: id, Name: name, Labels: all } = found;
  const differs = wanted === undefined ? "nobody wants it" : findNetworkFlaw(found, wanted.definition);
  const isAdopted = adopterOf(madeHere, { kind: "networks", id }) !== "";
  return {
    id,
    name,
    ownership: isAdopted ? "ours" : "foreign",
    flaw: "",
    project: labelOf(all ?? {}, composeLabels.project),
    digest: isAdopted && differs === "" ? (wanted?.digest ?? "") : "",
    differs,
  };
}

/** A network cannot be changed, so one that was made here still is what it was made as. */
function judgeNetwork({
  provenance,
  flaw,
}: {
  provenance: Provenance;
  flaw: string;
}): Pick<ObservedNetwork, "ownership" | "flaw"> {
  if (provenance === "known") return { ownership: "ours", flaw: "" };
  if (flaw !== "") return { ownership: "forged", flaw };
  if (provenance === "other") return { ownership: "forged", flaw: "its id is another one" };
  return { ownership: provenance === "unproven" ? "unproven" : "ours", flaw: "" };
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
