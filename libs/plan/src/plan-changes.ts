import {
  type DesiredInstance,
  type DesiredNode,
  type ObservedNode,
  type Plan,
  type RecordState,
} from "@keelson/model";

import { blockChanges, isBlockedNetwork } from "./blocked.ts";
import { addAbandonedCollections } from "./file-collection.ts";
import { addStaging } from "./file-operations.ts";
import { addInstanceOperations, bringsUp } from "./instance-operations.ts";
import { findProviders, orderInstances } from "./instance-order.ts";
import { type PlanPolicy, blockMassRemoval } from "./mass-removal.ts";
import { type NetworkChange, addNetworks, addVolumes, findNetworkChanges } from "./network-change.ts";
import { cutTrials, findLongWaits } from "./long-wait.ts";
import { findNotices } from "./notice.ts";
import { type OperationGraph, newOperationGraph } from "./operation-graph.ts";
import { keys } from "./operation-key.ts";
import { findReleases } from "./port-release.ts";
import { addNetworkRemovals, addUndesiredRemovals, findUndesired } from "./removal.ts";
import { type InstanceChange, findInstanceChange } from "./service-change.ts";
import { sortInput } from "./sorted-input.ts";
import { addPendingAwaits, finalKeys } from "./start-operations.ts";
import { type Wave, groupWaves } from "./wave.ts";

export interface PlanInput {
  desired: DesiredNode;
  observed: ObservedNode;
  record: RecordState;
  policy: PlanPolicy;
}

/** The operations that turn observed into desired. Total and pure: what cannot be done is a blocked entry. */
export function planChanges(input: PlanInput): Plan {
  const { waits } = input.policy;
  const sorted = sortInput({ ...input, desired: cutTrials(input.desired, waits) });
  const { desired, observed } = sorted;
  const instances = orderInstances(desired.instances);
  const providers = findProviders(instances);
  const missing = findNetworkChanges(instances, observed);
  const changes = findChanges(instances, { ...sorted, networks: missing });
  const removal = blockMassRemoval(findUndesired(desired, observed), { ...sorted, changes });
  const { removable: undesired, waiting } = removal;
  const networks = missing.filter(({ instance }) => !waiting.has(instance.name));
  const blocked = [
    ...removal.blocked,
    ...blockChanges({ observed, changes, networks, providers, undesired }),
  ];
  const operations = buildOperations({
    ...sorted,
    changes,
    providers,
    undesired,
    waiting,
    networks: networks.filter((network) => !isBlockedNetwork(blocked, network)),
  });
  const { environment, node, digest: desiredDigest } = desired;
  const notices = [...findNotices(desired, observed), ...findLongWaits(input.desired, waits)];
  return { environment, node, desiredDigest, operations, blocked, notices };
}

function findChanges(
  instances: readonly DesiredInstance[],
  on: PlanInput & { networks: readonly NetworkChange[] },
): InstanceChange[] {
  const replaced = on.networks.filter(({ existing }) => existing !== null);
  const context = { ...on, replacedNetworks: new Set(replaced.map(({ network }) => network.name)) };
  return instances.map((instance) => findInstanceChange(instance, context));
}

interface BuildInput extends PlanInput {
  /** In the order of starting. */
  changes: readonly InstanceChange[];
  networks: readonly NetworkChange[];
  providers: ReadonlyMap<string, ReadonlySet<string>>;
  undesired: PlanInput["observed"]["containers"];
  /** Instances of which nothing may be made now. */
  waiting: ReadonlySet<string>;
}

/** Adds in the order in which independent operations are listed; what waits for what is said by their keys. */
function buildOperations(input: BuildInput): Plan["operations"] {
  const { changes, observed } = input;
  const graph = newOperationGraph();
  const waves = new Map(changes.map((change) => [change, groupWaves(change.services)]));
  const creations = findCreations(waves);
  const staging = addStaging(graph, input);
  addNetworks(graph, { changes: input.networks, observed });
  const making = changes.map(({ instance }) => instance).filter(({ name }) => !input.waiting.has(name));
  addVolumes(graph, { instances: making, observed });
  addUndesiredRemovals(graph, { ...input, staging, creations });
  for (const change of changes) {
    addInstanceOperations({
      graph,
      observed,
      change,
      waves: waves.get(change) ?? [],
      staging,
      providers: providerKeys(graph, { ...input, change }),
      dependents: dependentKeys(change, input),
      portReleases: (service) =>
        findReleases(service, { ...input, creations }).flatMap(({ after }) => after ?? []),
    });
  }
  addNetworkRemovals(graph, { ...input, creations });
  addAbandonedCollections(graph, input);
  return graph.build();
}

/** By `<project>/<service>`, the key of the operation that makes its containers. */
function findCreations(waves: ReadonlyMap<InstanceChange, readonly Wave[]>): Map<string, string> {
  const creations = new Map<string, string>();
  for (const [{ instance }, ofInstance] of waves) {
    for (const wave of ofInstance) {
      for (const { service } of wave.changes) {
        creations.set(`${instance.project}/${service.name}`, keys.create(instance.project, wave.name));
      }
    }
  }
  return creations;
}

/** What the instances that one requires have still to do; what has not come up since an earlier round is awaited too. */
function providerKeys(graph: OperationGraph, on: BuildInput & { change: InstanceChange }): string[] {
  const required = on.providers.get(on.change.instance.name) ?? new Set();
  const providers = on.changes.filter(({ instance }) => required.has(instance.name));
  if (bringsUp(on.change)) for (const provider of providers) addPendingAwaits(graph, provider);
  return providers.flatMap(({ instance }) => finalKeys(graph, instance.project));
}

/** Removals and stops in all instances that require one, also in those that are desired no more. */
function dependentKeys(change: InstanceChange, on: BuildInput): string[] {
  const { name } = change.instance;
  const order = on.record.applied?.instanceOrder ?? [];
  const position = order.indexOf(name);
  const requiring = on.changes
    .filter(({ instance }) => on.providers.get(instance.name)?.has(name))
    .flatMap(({ services }) => [...services.values()].flatMap(({ containers }) => containers.kept));
  const wanted = new Set(on.changes.map(({ instance }) => instance.name));
  const leaving = on.undesired.filter(
    ({ instance }) => position >= 0 && !wanted.has(instance) && order.indexOf(instance) > position,
  );
  return [...requiring, ...leaving].flatMap(({ id }) => [keys.remove(id), keys.stop(id)]);
}
