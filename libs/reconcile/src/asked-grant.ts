import {
  type PlacedAsk,
  asksOf,
  findAsks,
  findGrant,
  findReachedByNetwork,
  grantsFor,
  isGranted,
  withNames,
} from "@keelson/grants";
import {
  type Ask,
  type ComposeModel,
  type Environment,
  type Located,
  type Policy,
  type Problem,
  type Snapshot,
  keyPath,
} from "@keelson/model";
import { type NodeReference, findComposePlace, renderFiles } from "@keelson/render";

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
  /** Where the Compose file asks for it, or environment.yaml for a network of its own. */
  askedAt: Place;
  /** Where environment.yaml grants it; null where it does not. */
  grantedAt: Place | null;
}

/** A place of a file in the repository. */
export type Place = Pick<Problem, "file" | "line" | "column">;

export interface AskedGrants {
  /** Sorted by instance. */
  asked: AskedGrant[];
  /** `policy.allow` of the environment. */
  policy: Policy["allow"];
  /** Where the value that these keys of `policy.allow` lead to stands. */
  placeOf: (keys: readonly (string | number)[]) => Place;
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
  const placeOf = (keys: readonly (string | number)[]) =>
    grantPlace(known?.layers ?? [], { keys, environment: reference.environment });
  const { rendered, unrendered, missing, ...render } = renderFiles(repository, reference);
  const found = [...problems, ...(problems.length === 0 ? missing : []), ...render.problems];
  if (rendered === null) return { asked: [], policy, placeOf, nodes, problems: found };
  const instances = rendered.instances.map((instance) => ({
    ...instance,
    compose: { ...instance.compose, allow: "all" as const },
  }));
  const resolved = await resolveModels({ rendered: { ...rendered, instances }, unrendered }, ports);
  found.push(...resolved.problems);
  if (resolved.error !== null && found.length === 0) throw resolved.error;
  const networks = known?.environment.value.networks ?? {};
  const own = new Set([...Object.keys(networks), ...[...resolved.models.values()].flatMap(ownNetworks)]);
  const asked = instances.flatMap((instance) => {
    const { name, package: package_ } = instance;
    const of = package_.reference;
    const model = resolved.models.get(name);
    const grants = grantsFor(policy, of);
    const found: FoundAsk[] =
      model === undefined ? [] : [...findAsks(model), ...asksByNetworks(model, networks)];
    return found
      .filter(({ ask: { kind, value } }) => kind !== "networks" || !own.has(value))
      .map(({ ask, path, isOfEnvironment = false }): AskedGrant => {
        const granting = findGrant(policy, { ask, reference: of });
        return {
          instance: name,
          package: of,
          ask: withNames(ask, grants),
          isGranted: isGranted(ask, grants),
          askedAt:
            isOfEnvironment && known !== undefined
              ? placeIn(known.environment, path)
              : findComposePlace(instance, path),
          grantedAt: granting === null ? null : placeOf(granting),
        };
      });
  });
  return { asked, policy, placeOf, nodes, problems: toldOnce(found) };
}

interface FoundAsk extends PlacedAsk {
  /** Whether environment.yaml asks, and not a Compose file. */
  isOfEnvironment?: true;
}

/** What the networks of the environment ask for that an instance joins. */
function asksByNetworks(model: ComposeModel, networks: Environment["networks"] & {}): FoundAsk[] {
  const joined = asksOf(model).flatMap(({ kind, value }) => (kind === "networks" ? [value] : []));
  return [...new Set(joined)].flatMap((name) =>
    Object.hasOwn(networks, name)
      ? findReachedByNetwork(name, networks[name] ?? null).map(({ ask, path }) => ({
          ask,
          path,
          isOfEnvironment: true as const,
        }))
      : [],
  );
}

/** In the last layer that has the key: its grants take the place of those of its bases. */
function grantPlace(
  layers: readonly Located<Environment>[],
  { keys, environment }: { keys: readonly (string | number)[]; environment: string },
): Place {
  const [key = ""] = keys;
  const layer = layers.findLast(({ value }) => Object.hasOwn(value.policy.allow ?? {}, key));
  if (layer === undefined)
    return { file: `environments/${environment}/environment.yaml`, line: 1, column: 1 };
  return placeIn(layer, ["policy", "allow", ...keys]);
}

function placeIn(document: Located<unknown>, keys: readonly (string | number)[]): Place {
  const path = keyPath(keys.map((key) => (typeof key === "string" && /^\d+$/.test(key) ? Number(key) : key)));
  const last = keys.at(-1);
  return {
    file: document.file,
    ...document.positionOf(path, typeof last === "number" ? "value" : "key"),
  };
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
