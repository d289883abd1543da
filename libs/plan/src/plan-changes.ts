import {
  type DesiredInstance,
  type DesiredNode,
  type DesiredService,
  type ObservedNode,
  type Plan,
  type RecordState,
  compareText,
  resourceIds,
} from "@keelson/model";

import { blockChanges, isSamePort } from "./blocked.ts";
import { addInstanceOperations, finalKeys, keys } from "./instance-operations.ts";
import { type OperationGraph, newOperationGraph } from "./operation-graph.ts";
import {
  type PlanPolicy,
  addNetworkRemovals,
  addUndesiredRemovals,
  blockMassRemoval,
  findNotices,
  findUndesired,
} from "./removal.ts";
import { findCopies } from "./service-containers.ts";
import { type InstanceChange, findInstanceChange, findNetworkChanges } from "./service-change.ts";

export interface PlanInput {
  desired: DesiredNode;
  observed: ObservedNode;
  record: RecordState;
  policy: PlanPolicy;
}

/** The operations that turn observed into desired. Total and pure: what cannot be done is a blocked entry. */
export function planChanges(input: PlanInput): Plan {
  const { desired, observed, record } = input;
  const graph = newOperationGraph();
  const copies = findCopies(desired, { observed, record });
  const instances = orderInstances(desired.instances);
  const networks = instances.map((instance) => findNetworkChanges(instance, observed));
  const context = {
    observed,
    record,
    copies,
    newNetworks: new Set(networks.flatMap(({ missing }) => missing.map(({ name }) => name))),
    replacedNetworks: new Set(networks.flatMap(({ replaced }) => replaced.map(({ name }) => name))),
  };
  const changes = instances.map((instance) => findInstanceChange(instance, context));
  const undesired = findUndesired(desired, { observed, copies });
  const massRemoval = blockMassRemoval(undesired, input);
  const removed = massRemoval.length > 0 ? [] : undesired;
  const blocked = [
    ...massRemoval,
    ...blockChanges(changes, { observed, leaving: new Set(removed.map(({ name }) => name)) }),
  ];

  addStaging(graph, { changes, observed });
  const staging = [...graph.keys("pull:"), ...graph.keys("place:")];
  addUndesiredRemovals(graph, { undesired: removed, record, staging });
  for (const change of changes) {
    addInstanceOperations({
      graph,
      change,
      staging,
      providers: change.instance.after.flatMap((name) =>
        finalKeys(graph, projectOfInstance(instances, name)),
      ),
      portReleases: (service) => findPortReleases(service, input),
    });
  }
  for (const change of changes) addNetworksAndVolumes(graph, { change, observed });
  addNetworkRemovals(graph, input);
  return {
    environment: desired.environment,
    node: desired.node,
    desiredDigest: desired.digest,
    operations: graph.build(),
    blocked,
    notices: findNotices(observed, copies),
  };
}

/** Each instance after those it requires; a cycle is broken by name, since a plan is total. */
export function orderInstances(instances: readonly DesiredInstance[]): DesiredInstance[] {
  const byName = new Map(instances.map((instance) => [instance.name, instance]));
  const ordered = new Map<string, DesiredInstance>();
  const visit = (instance: DesiredInstance, above: ReadonlySet<string>) => {
    if (ordered.has(instance.name) || above.has(instance.name)) return;
    for (const name of [...instance.after].sort(compareText)) {
      const provider = byName.get(name);
      if (provider !== undefined) visit(provider, new Set([...above, instance.name]));
    }
    ordered.set(instance.name, instance);
  };
  for (const instance of [...instances].sort((a, b) => compareText(a.name, b.name)))
    visit(instance, new Set());
  return [...ordered.values()];
}

function projectOfInstance(instances: readonly DesiredInstance[], name: string): string {
  return instances.find((instance) => instance.name === name)?.project ?? "";
}

/** What is brought onto the node before anything is disturbed: images, and files under new paths. */
function addStaging(
  graph: OperationGraph,
  on: { changes: readonly InstanceChange[]; observed: ObservedNode },
): void {
  for (const { instance, services, mounts } of on.changes) {
    for (const { service, action } of services.values()) {
      const isNeeded = action === "create" || action === "recreate" || instance.state === "staged";
      if (!isNeeded || service.replicas === 0 || (on.observed.images[service.image] ?? null) !== null)
        continue;
      graph.add(
        keys.pull(service.image),
        {
          kind: "pull-image",
          resource: resourceIds.image(service.image),
          image: service.image,
          causes: ["is not on the node"],
          class: "live",
        },
        [],
      );
    }
    for (const { mount, causes } of mounts) {
      if (mount.layout !== "content") continue;
      graph.add(
        keys.place(instance.project, mount.source),
        {
          kind: "place-files",
          resource: resourceIds.files(instance.project, mount.source),
          instance: instance.name,
          mount,
          causes,
          class: "live",
        },
        [],
      );
    }
  }
}

/** Networks are made, or made anew once nothing of ours is in them; volumes are only ever made. */
function addNetworksAndVolumes(
  graph: OperationGraph,
  on: { change: InstanceChange; observed: ObservedNode },
): void {
  const { instance } = on.change;
  if (instance.state === "staged") return;
  for (const network of instance.networks) {
    const existing = on.observed.networks.find(({ name }) => name === network.name);
    const isReplaced = existing?.ownership === "ours" && existing.digest !== network.digest;
    if (existing !== undefined && !isReplaced) continue;
    const resource = resourceIds.network(network.name);
    if (isReplaced) {
      const users = on.observed.containers.filter((container) => container.networks.includes(network.name));
      graph.add(
        keys.removeNetwork(existing.id),
        {
          kind: "remove-network",
          resource,
          networkId: existing.id,
          causes: ["its definition changed"],
          class: "recreate",
        },
        users.map(({ id }) => keys.remove(id)),
      );
    }
    graph.add(
      keys.network(network.name),
      {
        kind: "create-network",
        resource,
        instance: instance.name,
        project: instance.project,
        network,
        causes: [isReplaced ? "its definition changed" : "does not exist yet"],
        class: isReplaced ? "recreate" : "live",
      },
      isReplaced ? [keys.removeNetwork(existing.id)] : [],
    );
  }
  for (const volume of instance.volumes) {
    if (on.observed.volumes.some(({ name }) => name === volume.name)) continue;
    graph.add(
      keys.volume(volume.name),
      {
        kind: "create-volume",
        resource: resourceIds.volume(volume.name),
        instance: instance.name,
        project: instance.project,
        volume,
        causes: ["does not exist yet"],
        class: "live",
      },
      [],
    );
  }
}

function findPortReleases(service: DesiredService, on: { observed: ObservedNode }): string[] {
  const holders = on.observed.heldPorts.filter((held) =>
    service.ports.some((port) => isSamePort(port, held)),
  );
  return holders.flatMap((held) =>
    on.observed.containers.filter(({ name }) => name === held.container).map(({ id }) => keys.remove(id)),
  );
}
