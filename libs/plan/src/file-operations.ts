import { type ObservedContainer, type ObservedNode, compareText, resourceIds } from "@keelson/model";

import { hasProcess } from "./container-state.ts";
import { type MountChange, placedPaths } from "./mount-change.ts";
import type { InstanceContext } from "./instance-operations.ts";
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

/** Removes what neither the desired state nor any container names; last, so that a failed change keeps its way back. */
export function addCollection({ graph, change, observed }: InstanceContext): void {
  const { instance, stored } = change;
  if (stored === undefined) return;
  const { staying, leaving } = sortContainers(change, { graph, observed });
  const wanted = instance.mounts.map((mount) => `${stored.folder}/${mount.target}`);
  const used = [...wanted, ...staying.flatMap(({ binds }) => binds)];
  const isUsed = (path: string) =>
    used.some(
      (each) => isWithin(`${stored.folder}/${path}`, each) || isWithin(each, `${stored.folder}/${path}`),
    );
  const paths = placedPaths(stored).filter((path) => !isUsed(path));
  if (paths.length === 0) return;
  const steps = ["create", "start", "restart", "await", "signal", "record"];
  graph.add(
    keys.collect(instance.project),
    {
      kind: "remove-files",
      resource: resourceIds.files(instance.project, ""),
      instance: instance.name,
      paths: paths.sort(compareText),
      causes: ["nothing uses them any more"],
      class: "live",
    },
    [
      ...steps.flatMap((step) => graph.keys(`${step}:${instance.project}/`)),
      ...leaving.map(({ id }) => keys.remove(id)),
    ],
  );
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** All containers of the node, whoever made them: those that keep what they bind, and those that this plan takes away. */
function sortContainers(
  change: InstanceChange,
  on: { graph: OperationGraph; observed: ObservedNode },
): { staying: ObservedContainer[]; leaving: ObservedContainer[] } {
  const recreated = new Set(
    [...change.services.values()]
      .filter(({ action }) => action === "recreate")
      .flatMap(({ containers }) => containers.kept),
  );
  const isLeaving = (each: ObservedContainer) => recreated.has(each) || on.graph.has(keys.remove(each.id));
  return {
    staying: on.observed.containers.filter((each) => !isLeaving(each)),
    leaving: on.observed.containers.filter(isLeaving),
  };
}
