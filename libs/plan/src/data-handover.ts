import type {
  BlockedChange,
  DesiredInstance,
  DesiredService,
  ObservedContainer,
  ObservedNode,
} from "@keelson/model";

import { type OperationKey, keys } from "./operation-key.ts";
import { hasProcess } from "./container-state.ts";
import { dataOfContainer, dataOfService, describeData, isSameData, mayWriteData } from "./held-data.ts";
import { type ServiceChange, comesUp } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";
import { partsOfVolume } from "./volume-use.ts";

/** What must be gone before a service starts for the first time: nobody else writes its data then. */
export function handoverKeys(
  change: ServiceChange,
  {
    instance,
    observed,
    undesired,
  }: { instance: DesiredInstance; observed: ObservedNode; undesired: readonly ObservedContainer[] },
): OperationKey[] {
  if (!isNew(change)) return [];
  const wanted = dataOfService(change.service, { instance, observed });
  return undesired
    .filter((each) => dataOfContainer(each, observed).some((name) => isAmong(name, wanted)))
    .map(({ id }) => keys.remove(id));
}

/**
 * What may still write the data that a service is to get, and is of another instance: two would write it. It goes first, or is made
 * anew without that. What has the data beside the service by the wish of both is nobody to wait for, nor is what only reads it.
 */
export function handoverObstacles(
  change: ServiceChange,
  {
    resource,
    instance,
    observed,
    changes,
    undesired,
  }: {
    resource: string;
    instance: DesiredInstance;
    observed: ObservedNode;
    changes: readonly InstanceChange[];
    undesired: readonly ObservedContainer[];
  },
): BlockedChange[] {
  const { project } = instance;
  const taken = takenData(change, { instance, observed });
  return observed.containers
    .filter((each) => each.ownership === "ours" && each.project !== project && !undesired.includes(each))
    .flatMap((container) => {
      const owner = findOwner(changes, container);
      // What is held is started again as it is.
      if (owner !== undefined && !hasProcess(container)) return [];
      const data = taken.find(
        (name) => mayWriteData(container, name) && !isToHave(owner, { name, observed }),
      );
      return data === undefined ? [] : [{ container, data }];
    })
    .map(({ container: { name }, data }) => ({
      resource,
      code: "K3078",
      message: `${project}/${change.service.name} waits for container ${name} to let go of ${describeData(data)}, which it may write`,
      hint: "It follows by itself once that container is replaced or removed.",
    }));
}

interface DataContext {
  instance: DesiredInstance;
  observed: ObservedNode;
}

/** What none of its containers has: it changes hands. */
function takenData({ service, containers }: ServiceChange, context: DataContext): string[] {
  const own = [...containers.kept, ...containers.extra].flatMap((each) =>
    dataOfContainer(each, context.observed),
  );
  return dataOfService(service, context).filter((name) => !own.includes(name));
}

interface Owner {
  instance: DesiredInstance;
  service: DesiredService;
}

function findOwner(
  changes: readonly InstanceChange[],
  { project, service: name }: ObservedContainer,
): Owner | undefined {
  const change = changes.find(({ instance }) => instance.project === project);
  const service = change?.services.get(name)?.service;
  return change === undefined || service === undefined ? undefined : { instance: change.instance, service };
}

function isToHave(
  owner: Owner | undefined,
  { name, observed }: { name: string; observed: ObservedNode },
): boolean {
  if (owner === undefined) return false;
  const { instance, service } = owner;
  const data = [...dataOfService(service, { instance, observed }), ...(service.externalVolumes ?? [])];
  return isAmong(name, data);
}

function isAmong(name: string, data: readonly string[]): boolean {
  return data.some((each) => isSameData(each, name));
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
function findWriters(change: ServiceChange, context: DataContext): { container: string; volume: string }[] {
  const { instance, observed } = context;
  const { name: ownName, project } = instance;
  const taken = takenData(change, context);
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
  { changes, observed }: { changes: readonly InstanceChange[]; observed: ObservedNode },
): boolean {
  return changes.some(({ instance, services }) =>
    [...services.values()].some(
      (change) => handoverKeys(change, { instance, observed, undesired }).length > 0,
    ),
  );
}

/** What has run beside the other one before may do so until the end. */
function isNew({ action, containers: { kept, extra } }: ServiceChange): boolean {
  return action === "create" && kept.length + extra.length === 0;
}
