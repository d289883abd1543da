import type { BlockedChange, ObservedContainer, ObservedNode } from "@keelson/model";

import { type OperationKey, keys } from "./operation-key.ts";
import type { ServiceChange } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";

/** What must be gone before a service starts for the first time: nobody else writes its data then. */
export function handoverKeys(
  change: ServiceChange,
  { undesired }: { undesired: readonly ObservedContainer[] },
): OperationKey[] {
  return isNew(change)
    ? undesired.filter((each) => sharesVolume(each, change)).map(({ id }) => keys.remove(id))
    : [];
}

/** What still has the data of a service, and is of another instance: it goes first, or is made anew without it. */
export function handoverObstacles(
  change: ServiceChange,
  {
    resource,
    project,
    observed,
    undesired,
  }: {
    resource: string;
    project: string;
    observed: ObservedNode;
    undesired: readonly ObservedContainer[];
  },
): BlockedChange[] {
  return observed.containers
    .filter((each) => each.ownership === "ours" && each.project !== project && sharesVolume(each, change))
    .filter((each) => !undesired.includes(each))
    .map(({ name }) => ({
      resource,
      code: "K3023",
      message: `${project}/${change.service.name} waits for container ${name} to let go of its data`,
      hint: "It follows by itself once that container is replaced or removed.",
    }));
}

/** Whether anything that goes has data that something new waits for. */
export function hasHandover(
  undesired: readonly ObservedContainer[],
  changes: readonly InstanceChange[],
): boolean {
  const services = changes.flatMap((change) => [...change.services.values()]);
  return services.some((change) => handoverKeys(change, { undesired }).length > 0);
}

/** What has run beside the other one before may do so until the end. */
function isNew({ action, containers: { kept, extra } }: ServiceChange): boolean {
  return action === "create" && kept.length + extra.length === 0;
}

function sharesVolume({ volumes }: ObservedContainer, { service }: ServiceChange): boolean {
  return volumes.some((name) => service.volumes.includes(name));
}
