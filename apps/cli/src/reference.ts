import { KeelsonError, compareText, hintFor, quote, stalled } from "@keelson/model";
import type { Snapshot } from "@keelson/model";

import { type NodeOptions } from "./node-options.ts";
import { findAgentConfig } from "./node-place.ts";

/** The nodes that a revision names, by the paths of their documents. */
export async function listNodes(revision: Snapshot): Promise<NodeReference[]> {
  const paths = [...(await revision.readFiles(["environments/"])).keys()];
  return paths.flatMap((path) => {
    const [, environment, node] = /^environments\/([^/]+)\/nodes\/([^/.]+)\.yaml$/.exec(path) ?? [];
    return environment === undefined || node === undefined ? [] : [{ environment, node }];
  });
}

/** The node of the options, of agent.yaml, or the only one of the revision. Throws K9010 when none of these names one. */
export async function chooseNode(
  revision: Snapshot,
  options: Pick<NodeOptions, "environment" | "node" | "config">,
): Promise<NodeReference> {
  const config =
    options.environment === undefined || options.node === undefined ? findAgentConfig(options.config) : null;
  const environment = options.environment ?? config?.environment;
  const node = options.node ?? config?.node;
  if (environment !== undefined && node !== undefined) return { environment, node }; // `renderFiles` reports a node that is not there
  const nodes = await listNodes(revision);
  const candidates = nodes.filter(
    (each) =>
      (environment === undefined || each.environment === environment) &&
      (node === undefined || each.node === node),
  );
  const [first] = candidates;
  if (candidates.length === 1 && first !== undefined) return first;
  throw notClear({ nodes, candidates, environment, node });
}

/** The environment of the options, of agent.yaml, or the only one with a node. Throws K9010 when none of these names one. */
export async function chooseEnvironment(
  revision: Snapshot,
  options: Pick<NodeOptions, "environment" | "config">,
): Promise<string> {
  const environment = options.environment ?? findAgentConfig(options.config)?.environment;
  if (environment !== undefined) return environment;
  const nodes = await listNodes(revision);
  const [first, ...others] = new Set(nodes.map((each) => each.environment));
  if (first !== undefined && others.length === 0) return first;
  throw notClear({ nodes, candidates: [], environment, node: undefined });
}

/** A node by its names. */
export interface NodeReference {
  environment: string;
  node: string;
}

function notClear({
  nodes,
  candidates,
  environment,
  node,
}: {
  nodes: readonly NodeReference[];
  candidates: readonly NodeReference[];
  environment: string | undefined;
  node: string | undefined;
}): KeelsonError {
  const known = {
    environments: [...new Set(nodes.map((each) => each.environment))],
    nodes: [...new Set(nodes.map((each) => each.node))],
  };
  const choice = (candidates.length === 0 ? nodes : candidates)
    .map((each) => `-e ${each.environment} -n ${each.node}`)
    .sort(compareText)
    .slice(0, 8)
    .join("  |  ");
  const error = (message: string, hint: string) =>
    new KeelsonError({ code: "K9010", message, hint, outcome: stalled });
  if (nodes.length === 0)
    return error(
      "there is no node under environments/",
      "Write environments/<name>/nodes/<node>.yaml first.",
    );
  if (environment !== undefined && !known.environments.includes(environment)) {
    return error(
      `there is no environment ${quote(environment)} with a node`,
      hintFor(environment, { known: known.environments, as: "environments" }) ?? `Say which: ${choice}`,
    );
  }
  if (node !== undefined && !known.nodes.includes(node)) {
    return error(
      `there is no node ${quote(node)}`,
      hintFor(node, { known: known.nodes, as: "nodes" }) ?? `Say which: ${choice}`,
    );
  }
  return error("it is not clear which node is meant", `Say which: ${choice}`);
}
