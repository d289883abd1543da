import { asksOf, findReachedByNetwork, isGranted, linesFor, namedSubnets, withNames } from "@keelson/grants";
import type {
  Ask,
  ComposeInput,
  ComposeModel,
  DesiredInstance,
  DesiredNetwork,
  Problem,
  RenderedNode,
} from "@keelson/model";

import { type FaultContext, concerning, sourcesOf } from "./fault-context.ts";
import { environmentProblem } from "./place-of-problem.ts";

/** What an instance reaches of the host, as the environment permits it. */
export function usedGrants(model: ComposeModel, { allow }: Pick<ComposeInput, "allow">): Ask[] {
  const asks = asksOf(model)
    .filter((ask) => isGranted(ask, allow))
    .map((ask) => withNames(ask, allow));
  const made = Object.values(model.networks)
    .filter((network) => network !== null)
    .filter((network) => network["external"] !== true);
  return withAsks(asks, namedSubnets(made, allow));
}

function withAsks(asks: readonly Ask[], more: readonly Ask[]): Ask[] {
  const known = new Map(more.map((ask) => [keyOf(ask), ask]));
  for (const ask of asks) known.delete(keyOf(ask));
  return [...asks, ...known.values()];
}

function keyOf({ kind, value, service }: Ask): string {
  return [kind, value, service].join("\n");
}

/** The instances with what the environment's networks that they join ask for. */
export function withNetworkGrants(
  rendered: RenderedNode,
  instances: readonly DesiredInstance[],
): DesiredInstance[] {
  return instances.map((instance) => {
    const { allow = {} } = rendered.instances.find(({ name }) => name === instance.name)?.compose ?? {};
    const more = networksOf(rendered, instance).flatMap(([name, network]) => [
      ...findReachedByNetwork(name, network)
        .map(({ ask }) => ask)
        .filter((ask) => isGranted(ask, allow)),
      ...namedSubnets([{ ...network }], allow),
    ]);
    return more.length === 0 ? instance : { ...instance, grants: withAsks(instance.grants, more) };
  });
}

/** What a network of the environment asks for, and a package that joins it is not granted. */
export function findUngrantedNetworks({ rendered, instances, repository }: FaultContext): Problem[] {
  const { environment } = rendered;
  return sourcesOf({ rendered, instances }).flatMap(({ instance, source }) =>
    networksOf(rendered, instance).flatMap(([network, definition]) =>
      findReachedByNetwork(network, definition)
        .filter(({ ask }) => !isGranted(ask, source.compose.allow))
        .map(({ ask, path, code, message }) => {
          const lines = linesFor(ask, source.package.reference);
          const problem = environmentProblem(
            { environment, repository },
            {
              code,
              path: path.map((key) => (/^\d+$/.test(key) ? Number(key) : key)),
              message: `${message}, and the environment does not grant that to ${source.package.reference}, which joins the network ${network}`,
              hint: `To permit it, write in environment.yaml: ${lines.environment}, and in agent.yaml of its nodes: ${lines.node ?? ""}`,
            },
          );
          return concerning(problem, [instance.name]);
        }),
    ),
  );
}

function networksOf({ networks }: RenderedNode, { services }: DesiredInstance) {
  const joined = new Set(services.flatMap((service) => service.networks));
  return Object.entries(networks).filter(([name]) => joined.has(name));
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
