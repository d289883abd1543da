import { type ObservedNode, imageReference, required, resourceIds, ownOf } from "@keelson/model";

import { because } from "./cause.ts";
import { hasProcess } from "./container-state.ts";
import { findLackingPlatform, needsImage } from "./image-platform.ts";
import type { InstanceContext } from "./instance-context.ts";
import type { MountChange } from "./mount-change.ts";
import type { PlannedOperation } from "./operation-graph.ts";
import { type Dependency, type OperationKey, ifPlanned, keys } from "./operation-key.ts";
import type { InstanceChange } from "./service-change.ts";

/** What is brought onto the node before anything is disturbed: images, and files under new paths. */
export function planStaging(
  changes: readonly InstanceChange[],
  observed: Pick<ObservedNode, "images" | "platform">,
): PlannedOperation[] {
  return [...missingImages(changes, observed).map(planPull), ...changes.flatMap(planContentPlacements)];
}

/** What of that is for these. */
export function stagingKeys(
  changes: readonly InstanceChange[],
  observed: Pick<ObservedNode, "images" | "platform">,
): OperationKey[] {
  return planStaging(changes, observed).map(({ key }) => key);
}

function missingImages(
  changes: readonly InstanceChange[],
  observed: Pick<ObservedNode, "images" | "platform">,
): string[] {
  const needed = changes.flatMap(({ instance, services }) =>
    [...services.values()]
      .filter((change) => needsImage(change, instance))
      .filter(({ service }) => findLackingPlatform(service, { instance, observed }) === null)
      .map(({ service }) => imageReference(service)),
  );
  return [...new Set(needed)].filter((image) => (ownOf(observed.images, image) ?? null) === null);
}

function planPull(image: string): PlannedOperation {
  return {
    key: keys.pull(image),
    operation: {
      kind: "pull-image",
      resource: resourceIds.image(image),
      image,
      causes: [because.desired("is not on the node")],
      class: "live",
    },
    after: [],
  };
}

/** Files of equal content and name lie in one place, whatever they are bound by, and are put there once. */
function planContentPlacements(change: InstanceChange): PlannedOperation[] {
  const content = change.mounts.filter(({ mount }) => mount.layout === "content");
  const byTarget = Map.groupBy(content, ({ mount }) => mount.target);
  return [...byTarget.values()].map((together) =>
    planPlacement(change, { together, after: [], isSeen: false }),
  );
}

/** Live files that a running container sees are placed only when everything is staged. */
export function planLivePlacements({ change, staging, providers }: InstanceContext): PlannedOperation[] {
  return change.mounts.flatMap((placed) => {
    const { mount } = placed;
    if (mount.layout === "content") return [];
    const users = mount.services.map((name) => change.services.get(name));
    if (users.length > 0 && users.every((user) => user?.isBlocked)) return [];
    const isSeen = users.some((user) => user?.containers.kept.some(hasProcess));
    const after = isSeen ? [...staging, ...providers] : [];
    return [planPlacement(change, { together: [placed], after, isSeen })];
  });
}

function planPlacement(
  { instance }: InstanceChange,
  placement: { together: readonly MountChange[]; after: readonly Dependency[]; isSeen: boolean },
): PlannedOperation {
  const { together, after, isSeen } = placement;
  const { mount, class: changeClass } = required(together[0], "a mount to be placed");
  const services = together.flatMap((each) => each.mount.services);
  return {
    key: keys.place(instance.project, mount.target),
    operation: {
      kind: "place-files",
      resource: resourceIds.files(instance.project, mount.source),
      instance: instance.name,
      mount,
      causes: together.flatMap(({ causes }) => causes),
      class: isSeen ? changeClass : "live",
    },
    // What may have been loaded is noted before the files are put right.
    after: [...after, ...services.map((service) => ifPlanned(keys.forget(instance.project, service)))],
  };
}

/** The placements of all mounts of a service, and what makes its data folders. */
export function placementKeys({ instance }: InstanceChange, service: string): Dependency[] {
  const isOf = ({ services }: { services: readonly string[] }) => services.includes(service);
  return [
    ...instance.mounts.filter(isOf).map(({ target }) => ifPlanned(keys.place(instance.project, target))),
    ...instance.folders.filter(isOf).map(({ source }) => ifPlanned(keys.folder(instance.project, source))),
  ];
}
