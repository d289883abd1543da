import {
  type BlockedChange,
  type DesiredInstance,
  type DesiredService,
  type ObservedNode,
  compareText,
  idsForPlatform,
  imageReference,
  ownOf,
  resourceIds,
} from "@keelson/model";

import { type ServiceChange, makesContainers } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";

interface ImageContext {
  instance: DesiredInstance;
  observed: Pick<ObservedNode, "images" | "platform">;
}

/** Whether the image of a service is brought onto the node: for its containers, for a later start, or for its runs by schedule. */
export function needsImage(change: ServiceChange, instance: DesiredInstance): boolean {
  // No container is made for a scheduled job, and its run pulls no image.
  const isScheduled = change.service.schedule !== undefined;
  const isWanted = makesContainers(change) || instance.state === "staged" || isScheduled;
  return isWanted && (change.service.replicas > 0 || isScheduled);
}

/**
 * The platform for which a lock has no image of a service, where the engine does not have that; null when it has one, or when
 * nobody knows. What a Compose file asks for by `platform` counts in place of the engine's own.
 */
export function findLackingPlatform(
  service: DesiredService,
  { instance, observed }: ImageContext,
): string | null {
  const { lockedImage } = service;
  if (lockedImage === undefined || (ownOf(observed.images, imageReference(service)) ?? null) !== null)
    return null;
  const asked = ownOf(instance.compose.services, service.name)?.["platform"];
  const platform = typeof asked === "string" && asked.includes("/") ? asked : observed.platform;
  return platform === undefined || idsForPlatform(lockedImage, platform).length > 0 ? null : platform;
}

/** Why containers of a service cannot be made here: its locked image runs elsewhere only. */
export function platformObstacles(service: DesiredService, context: ImageContext): BlockedChange[] {
  const platform = findLackingPlatform(service, context);
  if (platform === null) return [];
  const { project } = context.instance;
  return [
    {
      resource: resourceIds.service(project, service.name),
      code: "K3083",
      message: `${project}/${service.name} needs image ${service.image} for ${platform}, and what it is locked to is for ${describePlatforms(service)}`,
      hint: "Publish the image for this platform, and lock it again; or place the instance on another node.",
    },
  ];
}

function describePlatforms({ lockedImage }: DesiredService): string {
  const names = Object.keys(lockedImage?.platforms ?? {}).sort(compareText);
  const shown = names.slice(0, mostShown).join(", ");
  if (names.length > mostShown) return `${shown} and ${names.length - mostShown} more`;
  return shown === "" ? "no platform" : shown;
}

/** Images of many platforms have about a dozen. */
const mostShown = 16;

/** The same of what has no container yet, and is to have its image: it stands in the way of nothing else. */
export function findUnfit(
  changes: readonly InstanceChange[],
  observed: ImageContext["observed"],
): BlockedChange[] {
  return changes.flatMap(({ instance, services }) =>
    [...services.values()]
      .filter((change) => needsImage(change, instance) && !makesContainers(change) && !change.isBlocked)
      .flatMap(({ service }) => platformObstacles(service, { instance, observed })),
  );
}
