import type { BlockedChange, DesiredInstance, ObservedContainer, ObservedNode } from "@keelson/model";

import { type OperationKey, keys } from "./operation-key.ts";
import { hasProcess } from "./container-state.ts";
import { type ServiceChange, comesUp } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";
import { partsOfVolume } from "./volume-use.ts";

/** What must be gone before a service starts for the first time: nobody else writes its data then. */
export function handoverKeys(
  change: ServiceChange,
  { undesired }: { undesired: readonly ObservedContainer[] },
): OperationKey[] {
  return isNew(change)
    ? undesired.filter((each) => sharesVolume(each, change)).map(({ id }) => keys.remove(id))
    : [];
}

/**
 * What may still write the data that a service is to get, and is of another instance: two would write it. It goes first, or is made
 * anew without that. What has the data beside the service by the wish of both is nobody to wait for, nor is what only reads it.
 */
export function handoverObstacles(
  change: ServiceChange,
  {
    resource,
    project,
    observed,
    changes,
    undesired,
  }: {
    resource: string;
    project: string;
    observed: ObservedNode;
    changes: readonly InstanceChange[];
    undesired: readonly ObservedContainer[];
  },
): BlockedChange[] {
  const taken = takenVolumes(change);
  return observed.containers
    .filter((each) => each.ownership === "ours" && each.project !== project && !undesired.includes(each))
    .flatMap((container) => {
      const owner = findService(changes, container);
      // What is held is started again as it is.
      if (owner !== undefined && !hasProcess(container)) return [];
      const volume = taken.find((name) => mayWrite(container, name) && !isToHave(owner, name));
      return volume === undefined ? [] : [{ container, volume }];
    })
    .map(({ container: { name }, volume }) => ({
      resource,
      code: "K3078",
      message: `${project}/${change.service.name} waits for container ${name} to let go of volume ${volume}, which it may write`,
      hint: "It follows by itself once that container is replaced or removed.",
    }));
}

/** Those that none of its containers has: they change hands. */
function takenVolumes({ service, containers }: ServiceChange): string[] {
  const own = [...containers.kept, ...containers.extra];
  return service.volumes.filter((name) => !own.some(({ volumes }) => volumes.includes(name)));
}

function findService(
  changes: readonly InstanceChange[],
  { project, service }: ObservedContainer,
): ServiceChange | undefined {
  return changes.find(({ instance }) => instance.project === project)?.services.get(service);
}

/** Where nobody knows how a container has a volume, it may write it. */
function mayWrite({ volumes, places = [] }: ObservedContainer, name: string): boolean {
  if (!volumes.includes(name)) return false;
  const own = places.filter(({ volume }) => volume === name);
  return own.length === 0 || own.some(({ readOnly }) => !readOnly);
}

function isToHave(change: ServiceChange | undefined, name: string): boolean {
  const { volumes = [], externalVolumes = [] } = change?.service ?? {};
  return [...volumes, ...externalVolumes].includes(name);
}

/** What writes the data that a service is to get, and is no service's: two would write it. */
export function writerObstacles(
  change: ServiceChange,
  { resource, instance, observed }: { resource: string; instance: DesiredInstance; observed: ObservedNode },
): BlockedChange[] {
  return findWriters(change, { instance, observed }).map(({ container, volume }) => ({
    resource,
    code: "K3036",
    message: `${instance.project}/${change.service.name} waits for container ${container}, which is no service's and may write volume ${volume}`,
    hint: `It follows by itself once that container has ended. See what it does: docker logs ${container}`,
  }));
}

/** Instances that keep what they have until nothing else writes it: nobody could take it over now. */
export function findKeeping(changes: readonly InstanceChange[], observed: ObservedNode): Set<string> {
  const awaited = new Set(
    changes.flatMap(({ instance, services }) =>
      [...services.values()]
        .filter(comesUp)
        .flatMap((change) => findWriters(change, { instance, observed }).map(({ volume }) => volume)),
    ),
  );
  return new Set(
    observed.containers
      .filter(({ ownership, volumes }) => ownership === "ours" && volumes.some((name) => awaited.has(name)))
      .map(({ instance }) => instance),
  );
}

/**
 * Of volumes that change hands: of another instance, by name or by who has them. Beside a service that has its data, a person and
 * its own one-off containers may write.
 */
function findWriters(
  change: ServiceChange,
  { instance: { name: ownName, project }, observed }: { instance: DesiredInstance; observed: ObservedNode },
): { container: string; volume: string }[] {
  const taken = takenVolumes(change);
  const isOthers = (volume: string) =>
    partsOfVolume(volume).project !== project ||
    observed.containers.some(
      (each) => each.ownership === "ours" && each.project !== project && each.volumes.includes(volume),
    );
  const strangers = observed.containers
    .filter((each) => each.ownership !== "ours" && hasProcess(each))
    .map((each) => ({ container: each.name, project: each.project, volumes: each.volumes }));
  const inEnvironment = project.slice(0, -ownName.length);
  return [...(observed.otherWriters ?? []), ...strangers]
    .filter((writer) => writer.project !== project)
    .flatMap(({ container, project: of, volumes }) =>
      volumes
        .filter((name) => taken.includes(name) && (isOthers(name) || of.startsWith(inEnvironment)))
        .map((volume) => ({ container, volume })),
    );
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
