import { asksOf, findReachedByNetwork, grantsFor, isGranted, withNames } from "@keelson/grants";
import type { Ask, ComposeModel, Environment, Policy, Problem, Snapshot } from "@keelson/model";
import { type NodeReference, renderFiles } from "@keelson/render";

import type { DesiredPorts } from "./ports.ts";
import { readSnapshot } from "./read-snapshot.ts";
import { resolveModels } from "./resolve-models.ts";
import { toldOnce } from "./told-once.ts";

/** What a service of a node needs a grant for, and whether the environment gives it. */
export interface AskedGrant {
  instance: string;
  /** The package as `policy.allow` names it. */
  package: string;
  ask: Ask;
  isGranted: boolean;
}

export interface AskedGrants {
  /** Sorted by instance. */
  asked: AskedGrant[];
  /** `policy.allow` of the environment. */
  policy: Policy["allow"];
  /** Nodes of the environment. */
  nodes: string[];
  /** Why not all of it could be found; grants that are missing are none of them. */
  problems: Problem[];
}

/**
 * Everything that the packages of a node ask for, also what the environment does not grant: the gate judges them here as if all
 * were granted. Throws what Git and Compose throw.
 */
export async function findAskedGrants(
  snapshot: Snapshot,
  { reference, ports }: { reference: NodeReference; ports: DesiredPorts },
): Promise<AskedGrants> {
  const { repository, problems } = await readSnapshot(snapshot, reference);
  const known = repository.environments.get(reference.environment);
  const policy = known?.environment.value.policy.allow;
  const nodes = [...(known?.nodes.keys() ?? [])].sort();
  const { rendered, unrendered, missing, ...render } = renderFiles(repository, reference);
  const found = [...problems, ...(problems.length === 0 ? missing : []), ...render.problems];
  if (rendered === null) return { asked: [], policy, nodes, problems: found };
  const instances = rendered.instances.map((instance) => ({
    ...instance,
    compose: { ...instance.compose, allow: "all" as const },
  }));
  const resolved = await resolveModels({ rendered: { ...rendered, instances }, unrendered }, ports);
  found.push(...resolved.problems);
  if (resolved.error !== null && found.length === 0) throw resolved.error;
  const networks = known?.environment.value.networks ?? {};
  const own = new Set([...Object.keys(networks), ...[...resolved.models.values()].flatMap(ownNetworks)]);
  const asked = instances.flatMap(({ name, package: { reference: of } }) => {
    const model = resolved.models.get(name);
    const grants = grantsFor(policy, of);
    const asks = (model === undefined ? [] : [...asksOf(model), ...asksByNetworks(model, networks)]).filter(
      ({ kind, value }) => kind !== "networks" || !own.has(value),
    );
    return asks.map((ask) => ({
      instance: name,
      package: of,
      ask: withNames(ask, grants),
      isGranted: isGranted(ask, grants),
    }));
  });
  return { asked, policy, nodes, problems: toldOnce(found) };
}

/** What the networks of the environment ask for that an instance joins. */
function asksByNetworks(model: ComposeModel, networks: Environment["networks"] & {}): Ask[] {
  const joined = asksOf(model).flatMap(({ kind, value }) => (kind === "networks" ? [value] : []));
  return [...new Set(joined)].flatMap((name) =>
    Object.hasOwn(networks, name)
      ? findReachedByNetwork(name, networks[name] ?? null).map(({ ask }) => ask)
      : [],
  );
}

/** Engine names of the networks that an instance makes: whoever joins one needs no grant. */
function ownNetworks({ name, networks }: ComposeModel): string[] {
  return Object.entries(networks)
    .filter(([, definition]) => definition?.["external"] !== true)
    .map(([key, definition]) => {
      const given = definition?.["name"];
      return typeof given === "string" ? given : `${name}_${key}`;
    });
}
