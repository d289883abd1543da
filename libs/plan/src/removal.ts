import {
  type DesiredNode,
  type ObservedContainer,
  type ObservedNode,
  type RecordState,
  compareText,
  resourceIds,
} from "@keelson/model";

import type { NetworkChange } from "./network-change.ts";
import type { OperationGraph } from "./operation-graph.ts";
import { keys } from "./operation-key.ts";
import type { InstanceChange } from "./service-change.ts";

/** Our containers that no instance or service of the desired state explains. */
export function findUndesired(desired: DesiredNode, observed: ObservedNode): ObservedContainer[] {
  const wanted = new Set(
    desired.instances.flatMap(({ project, services }) => services.map(({ name }) => `${project}/${name}`)),
  );
  return observed.containers.filter(
    (container) => container.ownership === "ours" && !wanted.has(`${container.project}/${container.service}`),
  );
}

export interface RemovalInput {
  undesired: readonly ObservedContainer[];
  observed: ObservedNode;
  record: RecordState;
  changes: readonly InstanceChange[];
  networks: readonly NetworkChange[];
  staging: readonly string[];
  /** Keys of the operations that make containers, by `<project>/<service>`. */
  creations: ReadonlyMap<string, string>;
}

/** Removes what is no longer desired: dependents before what they depend on, later instances before earlier ones. */
export function addUndesiredRemovals(graph: OperationGraph, input: RemovalInput): void {
  const order = input.record.applied?.instanceOrder ?? [];
  for (const container of sortLatestFirst(input.undesired, order)) {
    const { id, name, project, service } = container;
    const dependents = input.undesired.filter(
      (other) => other.project === project && dependenciesOf(other, input).includes(service),
    );
    const later = input.undesired.filter((other) => isLater(other, container, order));
    graph.add(
      keys.remove(id),
      {
        kind: "remove-container",
        resource: resourceIds.service(project, service),
        containerId: id,
        containerName: name,
        causes: ["is no longer desired"],
        class: "recreate",
      },
      [
        ...input.staging,
        ...[...dependents, ...later].map((other) => keys.remove(other.id)),
        ...replacementKeys(container, input),
      ],
    );
  }
}

/** As they were when all was last applied: what is no longer desired says nothing of it now. */
function dependenciesOf({ project, service }: ObservedContainer, { record }: RemovalInput): string[] {
  return record.applied?.dependsOn[`${project}/${service}`] ?? [];
}

function sortLatestFirst(
  containers: readonly ObservedContainer[],
  order: readonly string[],
): ObservedContainer[] {
  return [...containers].sort(
    (a, b) =>
      order.indexOf(b.instance) - order.indexOf(a.instance) ||
      compareText(a.instance, b.instance) ||
      compareText(a.name, b.name),
  );
}

/** Of what was never applied nothing is known; it waits for nothing. */
function isLater(other: ObservedContainer, than: ObservedContainer, order: readonly string[]): boolean {
  const position = order.indexOf(than.instance);
  return position >= 0 && order.indexOf(other.instance) > position;
}

/** Until those that depended on a service are replaced they need it, unless somebody waits for a port or a network. */
function replacementKeys(container: ObservedContainer, input: RemovalInput): string[] {
  const isAwaited =
    input.networks.some(({ existing }) => existing !== null) ||
    input.observed.heldPorts.some((held) => input.undesired.some(({ name }) => name === held.container));
  if (isAwaited) return [];
  const change = input.changes.find(({ instance }) => instance.project === container.project);
  return [...(change?.services.values() ?? [])]
    .filter(({ containers }) =>
      containers.kept.some((each) => dependenciesOf(each, input).includes(container.service)),
    )
    .flatMap(({ service, containers }) => [
      input.creations.get(`${container.project}/${service.name}`) ?? "",
      ...containers.kept.map(({ id }) => keys.remove(id)),
    ]);
}

/** Our networks that nothing desires any more, once nothing of ours is in them. Volumes always stay. */
export function addNetworkRemovals(
  graph: OperationGraph,
  on: {
    desired: DesiredNode;
    observed: ObservedNode;
    changes: readonly InstanceChange[];
    creations: ReadonlyMap<string, string>;
  },
): void {
  const wanted = new Set(on.desired.instances.flatMap(({ networks }) => networks.map(({ name }) => name)));
  const replacements = new Map(
    on.changes.flatMap(({ instance, services }) =>
      [...services.values()]
        .filter(({ action }) => action === "recreate")
        .flatMap(({ service, containers }) =>
          containers.kept.map(
            ({ id }) => [id, on.creations.get(`${instance.project}/${service.name}`) ?? ""] as const,
          ),
        ),
    ),
  );
  for (const network of on.observed.networks) {
    if (network.ownership !== "ours" || wanted.has(network.name)) continue;
    const users = on.observed.containers.filter(({ networks }) => networks.includes(network.name));
    const leaves = users.map(({ id }) =>
      graph.has(keys.remove(id)) ? keys.remove(id) : replacements.get(id),
    );
    if (leaves.includes(undefined)) continue;
    graph.add(
      keys.removeNetwork(network.id),
      {
        kind: "remove-network",
        resource: resourceIds.network(network.name),
        networkId: network.id,
        causes: ["is no longer desired"],
        class: "live",
      },
      leaves.filter((key) => key !== undefined),
    );
  }
}
