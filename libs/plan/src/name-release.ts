import {
  type BlockedChange,
  type ObservedContainer,
  type ObservedNode,
  hasServiceName,
  nameAside,
  properName,
  resourceIds,
  wantedName,
} from "@keelson/model";

import { because } from "./cause.ts";
import type { PlannedOperation } from "./operation-graph.ts";
import { type Dependency, type OperationKey, ifPlanned, keys } from "./operation-key.ts";
import { type ServiceChange, isReplaced, makesContainers, removedContainers } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";

export interface NameContext {
  observed: ObservedNode;
  changes: readonly InstanceChange[];
  /** Containers that are removed because nothing desires them any more. */
  undesired: readonly ObservedContainer[];
}

/** What has a name that a service's container is to have. */
export interface NameHolder {
  /** Only the name is known of what is of no interest otherwise. */
  holder: Pick<ObservedContainer, "name"> | ObservedContainer;
  /** Whether this plan takes it away or makes it anew: until then it can have another name. */
  isReleased: boolean;
}

/** What has the names of the containers that are to be made for a service, or to be renamed. */
export function findNameHolders(
  change: ServiceChange,
  context: NameContext & { own: InstanceChange },
): NameHolder[] {
  const { observed, own } = context;
  const { kept, extra } = change.containers;
  const { containerName, name: service } = change.service;
  const { project } = own.instance;
  const renamed = new Set(findRenamed(change, own).map(({ name }) => name));
  const isWanted = (name: string) =>
    renamed.has(name) ||
    (makesContainers(change) &&
      (containerName === undefined ? hasServiceName(name, { project, service }) : name === containerName));
  const ours = observed.containers
    .filter((each) => isWanted(each.name) && !kept.includes(each) && !extra.includes(each))
    // What claims to be the service itself is told as that.
    .filter((each) => !change.containers.foreign.includes(each))
    .map((holder) => ({ holder, isReleased: isReleased(holder, context) }));
  const others = (observed.otherNames ?? [])
    .filter(isWanted)
    .map((name) => ({ holder: { name }, isReleased: false }));
  return [...ours, ...others];
}

function isReleased(container: ObservedContainer, { changes, undesired }: NameContext): boolean {
  if (container.ownership !== "ours") return false;
  if (undesired.includes(container)) return true;
  return changes
    .flatMap(({ services }) => [...services.values()])
    .some(
      (change) =>
        removedContainers(change).includes(container) ||
        (change.action === "recreate" &&
          change.containers.kept.includes(container) &&
          isReplaced(container, change)),
    );
}

/** Containers that stay and that have another name than they are to have. */
export function findRenamed(
  change: ServiceChange,
  { instance }: InstanceChange,
): { container: ObservedContainer; name: string }[] {
  const { service, containers, action } = change;
  if (change.isBlocked || action === "remove") return [];
  return containers.kept
    .filter((container) => !(action === "recreate" && isReplaced(container, change)))
    .map((container) => ({ container, name: nameOf(container, { service, instance }) }))
    .filter(({ container, name }) => container.name !== name);
}

/** What was adopted, and so has no digest on it, keeps the name of its Compose unless its file says another one. */
function nameOf(
  container: ObservedContainer,
  {
    service: { name: service, containerName },
    instance: { project },
  }: Pick<ServiceChange, "service"> & Pick<InstanceChange, "instance">,
): string {
  const isAdopted = container.digest === "";
  if (isAdopted && containerName === undefined) return properName(container.name);
  return wantedName(container, { project, service, containerName });
}

/** K3080: what has the name of a container stays. */
export function heldName(
  holder: NameHolder["holder"],
  { resource, wantedBy, own }: { resource: string; wantedBy: ServiceChange; own: InstanceChange },
): BlockedChange {
  const isOurs = "ownership" in holder && holder.ownership === "ours";
  const of = isOurs ? `of ${holder.project}/${holder.service}, which stays as it is` : "not this node's";
  return {
    resource,
    code: "K3080",
    message: `${own.instance.project}/${wantedBy.service.name} is to have a container named ${holder.name}, and there is one ${of}`,
    hint: `Rename or remove that one (docker rename ${holder.name} ${holder.name}-old), or choose another container_name.`,
  };
}

/** Renames that cannot be done: what they would give a container has another one. */
export function findHeldNames(context: NameContext): BlockedChange[] {
  return context.changes.flatMap((own) =>
    [...own.services.values()]
      .filter((change) => !makesContainers(change) && !change.isBlocked)
      .flatMap((change) =>
        findNameHolders(change, { ...context, own })
          .filter((each) => !each.isReleased)
          .map(({ holder }) =>
            heldName(holder, {
              resource: resourceIds.service(own.instance.project, change.service.name),
              wantedBy: change,
              own,
            }),
          ),
      ),
  );
}

/**
 * What has a name that another container is to have, and goes or is made anew in this plan, gets another one before: two can so
 * change their names, and nothing has to stop for it.
 */
export function planNamesAside(
  context: NameContext & { staging: readonly OperationKey[] },
): PlannedOperation[] {
  const wanted = context.changes.flatMap((own) =>
    [...own.services.values()].flatMap((change) =>
      findNameHolders(change, { ...context, own }).flatMap(({ holder, isReleased: goes }) =>
        goes && "id" in holder ? [{ holder, by: `${own.instance.project}/${change.service.name}` }] : [],
      ),
    ),
  );
  return [...Map.groupBy(wanted, ({ holder }) => holder)].map(([holder, [first]]) => ({
    key: keys.rename(holder.id),
    operation: {
      kind: "rename-container",
      resource: resourceIds.service(holder.project, holder.service),
      containerId: holder.id,
      name: nameAside(holder),
      causes: [because.desired(`${first?.by ?? ""} gets its name ${holder.name}`)],
      class: "live",
    },
    after: [...context.staging],
  }));
}

/** What must be over before the names are free that a service's containers are to have. */
export function nameKeys(
  change: ServiceChange,
  context: NameContext & { own: InstanceChange },
): Dependency[] {
  return findNameHolders(change, context).flatMap(({ holder, isReleased: goes }) =>
    goes && "id" in holder ? [ifPlanned(keys.rename(holder.id))] : [],
  );
}
