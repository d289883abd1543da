import {
  type BlockedChange,
  type DesiredNode,
  type Notice,
  type ObservedContainer,
  type ObservedNode,
  type RecordState,
  compareText,
  resourceIds,
} from "@keelson/model";

import { keys } from "./instance-operations.ts";
import type { OperationGraph } from "./operation-graph.ts";

export interface PlanPolicy {
  /** Permits one revision to remove more than half (and at least 2) of the node's instances. */
  allowMassRemoval: boolean;
}

/** Our containers that no instance or service of the desired state explains. */
export function findUndesired(
  desired: DesiredNode,
  on: { observed: ObservedNode; copies: ReadonlySet<string> },
): ObservedContainer[] {
  const wanted = new Set(
    desired.instances.flatMap(({ project, services }) => services.map(({ name }) => `${project}/${name}`)),
  );
  return on.observed.containers.filter(
    (container) =>
      container.ownership === "ours" &&
      !on.copies.has(container.id) &&
      !wanted.has(`${container.project}/${container.service}`),
  );
}

/** A revision that suddenly lists far less is more likely a mistake than a wish. */
export function blockMassRemoval(
  undesired: readonly ObservedContainer[],
  on: { desired: DesiredNode; observed: ObservedNode; policy: PlanPolicy },
): BlockedChange[] {
  const wanted = new Set(on.desired.instances.map(({ name }) => name));
  const present = new Set(
    on.observed.containers.filter(({ ownership }) => ownership === "ours").map(({ instance }) => instance),
  );
  const leaving = [...new Set(undesired.map(({ instance }) => instance))]
    .filter((name) => !wanted.has(name))
    .sort(compareText);
  if (on.policy.allowMassRemoval || leaving.length < 2 || leaving.length * 2 <= present.size) return [];
  return leaving.map((name) => ({
    resource: `instance:${name}`,
    code: "K3030",
    message: `this revision would remove ${leaving.length} of the ${present.size} instances of the node, ${name} among them`,
    hint: "If that is meant, set policy.allowMassRemoval: true in environment.yaml.",
  }));
}

/** Removes what is no longer desired: dependents before what they depend on, later instances before earlier ones. */
export function addUndesiredRemovals(
  graph: OperationGraph,
  on: { undesired: readonly ObservedContainer[]; record: RecordState; staging: readonly string[] },
): void {
  const order = on.record.applied?.instanceOrder ?? [];
  const instances = [...new Set(on.undesired.map(({ instance }) => instance))].sort(
    (a, b) => order.indexOf(b) - order.indexOf(a) || compareText(a, b),
  );
  let earlier: string[] = [];
  for (const instance of instances) {
    const containers = on.undesired.filter((container) => container.instance === instance);
    for (const container of containers) {
      const dependents = containers.filter(
        (other) => other.project === container.project && other.dependsOn.includes(container.service),
      );
      graph.add(
        keys.remove(container.id),
        {
          kind: "remove-container",
          resource: resourceIds.service(container.project, container.service),
          containerId: container.id,
          containerName: container.name,
          causes: ["is no longer desired"],
          class: "recreate",
        },
        [...on.staging, ...earlier, ...dependents.map(({ id }) => keys.remove(id))],
      );
    }
    earlier = containers.map(({ id }) => keys.remove(id));
  }
}

/** Our networks that nothing desires any more, once nothing of ours is in them. Volumes always stay. */
export function addNetworkRemovals(
  graph: OperationGraph,
  on: { desired: DesiredNode; observed: ObservedNode },
): void {
  const wanted = new Set(on.desired.instances.flatMap(({ networks }) => networks.map(({ name }) => name)));
  const leavers = [...graph.keys("remove:"), ...graph.keys("create:")];
  for (const network of on.observed.networks) {
    if (network.ownership !== "ours" || wanted.has(network.name)) continue;
    const stays = on.observed.containers.some(
      (each) => each.networks.includes(network.name) && each.ownership !== "ours",
    );
    if (stays) continue;
    graph.add(
      keys.removeNetwork(network.id),
      {
        kind: "remove-network",
        resource: resourceIds.network(network.name),
        networkId: network.id,
        causes: ["is no longer desired"],
        class: "live",
      },
      leavers,
    );
  }
}

/** Things seen that are never touched: another's containers in our projects, copies of our labels. */
export function findNotices(observed: ObservedNode, copies: ReadonlySet<string>): Notice[] {
  return observed.containers
    .filter(({ id, ownership }) => ownership !== "ours" || copies.has(id))
    .map((container) => {
      const isForged = container.ownership === "forged" || copies.has(container.id);
      return {
        resource: resourceIds.container(container.name),
        code: isForged ? "K3022" : "K3020",
        message: isForged
          ? `container ${container.name} carries labels of Keelson that this node did not give it; it is left alone`
          : `container ${container.name} is in the project ${container.project} and not Keelson's; it is left alone`,
      };
    })
    .sort((a, b) => compareText(a.resource, b.resource));
}
