import {
  type DesiredNode,
  type ObservedContainer,
  type ObservedNode,
  type RecordState,
  compareText,
  networksOf,
  required,
  resourceIds,
} from "@keelson/model";

import { isUndesired } from "./cause.ts";
import { projectsOfHeld } from "./held-instance.ts";
import { hasRequired } from "./instance-order.ts";
import type { NetworkChange } from "./network-change.ts";
import type { PlannedOperation } from "./operation-graph.ts";
import { type Dependency, type OperationKey, ifPlanned, keys } from "./operation-key.ts";
import { type ServiceChange, removedContainers } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";
import { hasHandover } from "./data-handover.ts";

/** Our containers that no instance or service of the desired state explains. */
export function findUndesired(desired: DesiredNode, observed: ObservedNode): ObservedContainer[] {
  const wanted = new Set(
    desired.instances.flatMap(({ project, services }) => services.map(({ name }) => `${project}/${name}`)),
  );
  return observed.containers.filter(
    (container) => container.ownership === "ours" && !wanted.has(`${container.project}/${container.service}`),
  );
}

/** A job that nothing desires any more, and that has done its work. Without a record it may be one. */
export function hasEnded(
  { project, service, state, exitCode }: ObservedContainer,
  { applied }: RecordState,
): boolean {
  const isJob = applied?.oneShots?.includes(`${project}/${service}`) ?? true;
  return isJob && state === "exited" && exitCode === 0;
}

/** Containers that have a removal of their own in this plan. */
export function findLeaving(
  changes: readonly InstanceChange[],
  undesired: readonly ObservedContainer[],
): Set<ObservedContainer> {
  const services = changes.flatMap((change) => [...change.services.values()]);
  return new Set([...undesired, ...services.flatMap(removedContainers)]);
}

/** What the removal of what is not desired any more is made from. */
export interface RemovalInput {
  desired: DesiredNode;
  observed: ObservedNode;
  record: RecordState;
  undesired: readonly ObservedContainer[];
  changes: readonly InstanceChange[];
  networks: readonly NetworkChange[];
  staging: readonly OperationKey[];
  /** By service, the operation that makes its containers. */
  creations: ReadonlyMap<ServiceChange, OperationKey>;
  /** Containers that have a removal of their own in this plan. */
  leaving: ReadonlySet<ObservedContainer>;
}

/** Removes what is no longer desired: dependents before what they depend on, also between instances. */
export function planUndesiredRemovals(input: RemovalInput): PlannedOperation[] {
  const order = input.record.applied?.instanceOrder ?? [];
  return sortLatestFirst(input.undesired, order).map((container) => {
    const { id, name, project, service } = container;
    const dependents = input.undesired.filter(
      (other) => other.project === project && dependenciesOf(other, input).includes(service),
    );
    const requiring = input.undesired.filter((other) =>
      hasRequired(input.record, { instance: other.instance, other: container.instance }),
    );
    return {
      key: keys.remove(id),
      operation: {
        kind: "remove-container",
        resource: resourceIds.service(project, service),
        containerId: id,
        containerName: name,
        causes: [isUndesired],
        class: "recreate",
      },
      after: [
        ...input.staging,
        ifPlanned(keys.rename(id)),
        ...[...dependents, ...requiring].map((other) => keys.remove(other.id)),
        ...replacementKeys(container, input),
      ],
    };
  });
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

/**
 * Until those that depended on a service are replaced they need it, unless somebody waits for a port, a network or the
 * data of a volume.
 */
function replacementKeys(container: ObservedContainer, input: RemovalInput): Dependency[] {
  const isAwaited =
    input.networks.some(({ existing }) => existing !== null) ||
    hasHandover(input.undesired, input) ||
    input.observed.heldPorts.some((held) => input.undesired.some(({ name }) => name === held.container));
  if (isAwaited) return [];
  const change = input.changes.find(({ instance }) => instance.project === container.project);
  return [...(change?.services.values() ?? [])]
    .filter(({ containers }) =>
      containers.kept.some((each) => dependenciesOf(each, input).includes(container.service)),
    )
    .flatMap((dependent) => {
      const creation = input.creations.get(dependent);
      const removals = dependent.containers.kept.map(({ id }) => ifPlanned(keys.remove(id)));
      return [...(creation === undefined ? [] : [creation]), ...removals];
    });
}

/** Our networks that nothing desires any more, once nothing of ours is in them. Volumes always stay. */
export function planNetworkRemovals(input: RemovalInput): PlannedOperation[] {
  const { desired, observed } = input;
  const wanted = new Set(networksOf(desired).map(({ name }) => name));
  const held = projectsOfHeld(input);
  return observed.networks
    .filter(({ name, project, ownership }) => ownership === "ours" && !wanted.has(name) && !held.has(project))
    .flatMap((network): PlannedOperation[] => {
      const users = observed.containers.filter(({ networks }) => networks.includes(network.name));
      const leaves = users.map((user) => leaveKey(user, input));
      if (leaves.includes(null)) return [];
      return [
        {
          key: keys.removeNetwork(network.id),
          operation: {
            kind: "remove-network",
            resource: resourceIds.network(network.name),
            networkId: network.id,
            members: [],
            causes: [isUndesired],
            class: "live",
          },
          after: leaves.filter((key) => key !== null),
        },
      ];
    });
}

/** After what a container is out of the networks that it is in; null when it stays. */
function leaveKey(
  container: ObservedContainer,
  { leaving, changes, creations }: RemovalInput,
): OperationKey | null {
  if (leaving.has(container)) return keys.remove(container.id);
  const change = changes
    .flatMap(({ services }) => [...services.values()])
    .find(({ action, containers }) => action === "recreate" && containers.kept.includes(container));
  return change === undefined ? null : required(creations.get(change), "what makes a container anew");
}
