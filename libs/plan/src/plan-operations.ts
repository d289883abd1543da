import type { DesiredNode, ObservedContainer, ObservedNode, RecordState } from "@keelson/model";

import { findAwaited } from "./awaited-service.ts";
import { planAbandonedCollections } from "./file-collection.ts";
import { planStaging, stagingKeys } from "./file-operations.ts";
import { planInstance } from "./instance-operations.ts";
import { hasRequired } from "./instance-order.ts";
import { type NetworkChange, planNetworks, planVolumes } from "./network-change.ts";
import { planNamesAside } from "./name-release.ts";
import type { PlannedOperation } from "./operation-graph.ts";
import { type Dependency, type OperationKey, ifPlanned, keys } from "./operation-key.ts";
import { findLeaving, planNetworkRemovals, planUndesiredRemovals } from "./removal.ts";
import type { ServiceChange } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";
import { upKeys } from "./start-operations.ts";
import type { VolumeLoss } from "./volume-loss.ts";
import { type Wave, groupWaves } from "./wave.ts";

/** All that is decided: what is to be done, what is possible, and what waits. */
export interface DecidedChanges {
  desired: DesiredNode;
  observed: ObservedNode;
  record: RecordState;
  /** In the order of starting. */
  changes: readonly InstanceChange[];
  networks: readonly NetworkChange[];
  /** By instance, all that it requires. */
  providers: ReadonlyMap<string, ReadonlySet<string>>;
  /** Containers that are removed because nothing desires them any more. */
  undesired: readonly ObservedContainer[];
  /** Volumes that are not made, because data would be lost sight of. */
  loss: VolumeLoss;
  /** Instances of which nothing may be made now. */
  waiting: ReadonlySet<string>;
  /** Instances whose files stay, whether anything names them or not. */
  filesKept: ReadonlySet<string>;
  /** What fails for one instance holds only that one and those that require it. */
  partial: boolean;
}

/** In the order in which independent operations are listed; what waits for what is said by their keys. */
export function planOperations(decided: DecidedChanges): PlannedOperation[] {
  const { changes, observed, networks, providers, undesired, waiting } = decided;
  const waves = new Map(changes.map((change) => [change, groupWaves(change.services)]));
  const staged = planStaging(changes, observed);
  const context = {
    ...decided,
    staging: staged.map(({ key }) => key),
    creations: findCreations(waves),
    awaited: findAwaited(changes, providers),
    leaving: findLeaving(changes, undesired),
  };
  const making = changes.map(({ instance }) => instance).filter(({ name }) => !waiting.has(name));
  return [
    ...staged,
    ...planNetworks(networks, context),
    ...planVolumes(making, decided),
    ...planNamesAside(context),
    ...planUndesiredRemovals(context),
    ...[...waves].flatMap(([change, ofInstance]) =>
      planInstance({
        ...context,
        change,
        waves: ofInstance,
        staging: decided.partial ? ownStaging(change, decided) : context.staging,
        providers: providerKeys(change, decided),
        dependents: dependentKeys(change, decided),
      }),
    ),
    ...planNetworkRemovals(context),
    ...planAbandonedCollections(context),
  ];
}

/**
 * What an instance waits for before anything of it is disturbed: what is brought onto the node for itself and for those that it
 * requires. What is desired no more waits for all: anything may be the same under another name.
 */
function ownStaging({ instance: { name } }: InstanceChange, decided: DecidedChanges): OperationKey[] {
  const needed = decided.providers.get(name) ?? new Set();
  const own = decided.changes.filter(({ instance }) => instance.name === name || needed.has(instance.name));
  return stagingKeys(own, decided.observed);
}

function findCreations(
  waves: ReadonlyMap<InstanceChange, readonly Wave[]>,
): Map<ServiceChange, OperationKey> {
  const creations = [...waves].flatMap(([{ instance }, ofInstance]) =>
    ofInstance.flatMap(({ name, changes }) =>
      changes.map((change) => [change, keys.create(instance.project, name)] as const),
    ),
  );
  return new Map(creations);
}

/** What the instances that one requires have still to do. */
function providerKeys({ instance }: InstanceChange, { changes, providers }: DecidedChanges): Dependency[] {
  const required = providers.get(instance.name) ?? new Set();
  return changes.filter((other) => required.has(other.instance.name)).flatMap(upKeys);
}

/** Removals and stops in all instances that require one, also in those that are desired no more. */
function dependentKeys({ instance: { name } }: InstanceChange, decided: DecidedChanges): Dependency[] {
  const { changes, providers, undesired, record } = decided;
  const requiring = changes
    .filter(({ instance }) => providers.get(instance.name)?.has(name))
    .flatMap(({ services }) => [...services.values()].flatMap(({ containers }) => containers.kept));
  const wanted = new Set(changes.map(({ instance }) => instance.name));
  const leaving = undesired.filter(
    ({ instance }) => !wanted.has(instance) && hasRequired(record, { instance, other: name }),
  );
  return [...requiring, ...leaving].flatMap(({ id }) => [
    ifPlanned(keys.remove(id)),
    ifPlanned(keys.stop(id)),
  ]);
}
