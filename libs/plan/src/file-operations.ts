import { type ObservedNode, resourceIds } from "@keelson/model";

import { hasProcess } from "./container-state.ts";
import type { MountChange } from "./mount-change.ts";
import type { InstanceContext } from "./instance-context.ts";
import type { OperationGraph } from "./operation-graph.ts";
import { keys } from "./operation-key.ts";
import type { InstanceChange } from "./service-change.ts";

/** What is brought onto the node before anything is disturbed: images, and files under new paths. Returns its keys. */
export function addStaging(
  graph: OperationGraph,
  on: { changes: readonly InstanceChange[]; observed: ObservedNode },
): string[] {
  for (const { instance, services } of on.changes) {
    for (const { service, action } of services.values()) {
      const isNeeded = action === "create" || action === "recreate" || instance.state === "staged";
      const isThere = (on.observed.images[service.image] ?? null) !== null;
      if (!isNeeded || service.replicas === 0 || isThere) continue;
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
  }
  for (const change of on.changes) {
    for (const placed of change.mounts) {
      if (placed.mount.layout === "content") addPlacement(graph, { change, placed, after: [] });
    }
  }
  return [...graph.keys("pull:"), ...graph.keys("place:")];
}

/** Live files that a running container sees are placed only when everything is staged. */
export function addLivePlacements({ graph, change, staging, providers }: InstanceContext): void {
  for (const placed of change.mounts) {
    const { mount } = placed;
    if (mount.layout === "content") continue;
    const users = mount.services.map((name) => change.services.get(name));
    if (users.length > 0 && users.every((user) => user?.isBlocked)) continue;
    const isSeen = users.some((user) => user?.containers.kept.some(hasProcess));
    const after = isSeen ? [...staging, ...providers] : [];
    addPlacement(graph, { change, placed, after, isSeen });
  }
}

function addPlacement(
  graph: OperationGraph,
  on: { change: InstanceChange; placed: MountChange; after: string[]; isSeen?: boolean },
): void {
  const { project, name } = on.change.instance;
  const { mount, class: changeClass } = on.placed;
  // Files of equal content and name lie in one place, whatever they are bound by: two who write there get in each other's way.
  const placedTogether = on.change.mounts.filter((other) => other.mount.target === mount.target);
  const services = placedTogether.flatMap((other) => other.mount.services);
  graph.add(
    keys.place(project, mount.target),
    {
      kind: "place-files",
      resource: resourceIds.files(project, mount.source),
      instance: name,
      mount,
      causes: placedTogether.flatMap((other) => other.causes),
      class: on.isSeen === true ? changeClass : "live",
    },
    [...on.after, ...services.map((service) => keys.forget(project, service))],
  );
}

/** Keys of the placements of all mounts of a service. */
export function placementKeys({ instance }: InstanceChange, service: string): string[] {
  return instance.mounts
    .filter((mount) => mount.services.includes(service))
    .map((mount) => keys.place(instance.project, mount.target));
}
