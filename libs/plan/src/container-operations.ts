import {
  type Cause,
  type DesiredService,
  type ObservedContainer,
  type OperationOf,
  imageReference,
  isLeftoverName,
  resourceIds,
} from "@keelson/model";

import { findUndeclared } from "./anonymous-volume.ts";
import { because } from "./cause.ts";
import { hasProcess } from "./container-state.ts";
import { placementKeys } from "./file-operations.ts";
import type { InstanceContext } from "./instance-context.ts";
import { connectionKeys } from "./network-connection.ts";
import { findNameHolders, findRenamed, nameKeys } from "./name-release.ts";
import type { PlannedOperation } from "./operation-graph.ts";
import { type Dependency, ifPlanned, keys } from "./operation-key.ts";
import { isRenewed } from "./renewed.ts";
import {
  type ServiceChange,
  isReplaced,
  isToBeInstalled,
  makesContainers,
  removedContainers,
  servingExtras,
} from "./service-action.ts";
import { placeOf } from "./service-containers.ts";
import { readyKeys } from "./start-operations.ts";
import type { Wave } from "./wave.ts";

/** Extra containers, and those of an instance that is to be staged only. */
export function planRemovals(context: InstanceContext, change: ServiceChange): PlannedOperation[] {
  const { extra } = change.containers;
  const serving = servingExtras(change);
  return removedContainers(change).map((container) => {
    const isExtra = extra.includes(container);
    const whileServing = serving.includes(container)
      ? [...context.providers, ...dependencyKeys(context, change)]
      : [];
    return {
      key: keys.remove(container.id),
      operation: {
        kind: "remove-container",
        resource: resourceIds.service(context.change.instance.project, change.service.name),
        containerId: container.id,
        containerName: container.name,
        causes: isExtra ? extraCauses(container, change) : [...change.causes],
        class: "recreate",
      },
      after: [
        ...context.staging,
        ifPlanned(keys.rename(container.id)),
        ...(isExtra
          ? whileServing
          : [...context.dependents, ...dependentKeys(context, { change, key: keys.remove })]),
      ],
    };
  });
}

function extraCauses(
  container: ObservedContainer,
  { service, action, causes, containers }: ServiceChange,
): Cause[] {
  if (action === "remove") return causes.slice(0, 1);
  const isDouble = [...containers.kept, ...containers.extra].some(
    (other) => other !== container && placeOf(other) === placeOf(container),
  );
  return [
    isDouble
      ? because.interrupted("is left over from an interrupted replacement")
      : because.desired(tooMany(service)),
  ];
}

function tooMany({ replicas, schedule }: DesiredService): string {
  if (schedule !== undefined)
    return "its service runs by a schedule now, and has no container between its runs";
  return replicas === 0 ? "its service is to have no container" : `is more than the ${replicas} wanted`;
}

/** What is done to the containers of all services of the instance that depend on one. */
function dependentKeys(
  { change: { services } }: InstanceContext,
  { change, key }: { change: ServiceChange; key: (containerId: string) => Dependency },
): Dependency[] {
  const { name } = change.service;
  return [...services.values()]
    .filter(({ service }) => service.dependsOn.some((dependency) => dependency.service === name))
    .flatMap(({ containers }) => containers.kept.map(({ id }) => ifPlanned(key(id))));
}

/**
 * For an instance that is to be installed only, also before others are made, and for what is replaced while its network is
 * made anew: dependents stop first. Nothing is removed for that: only what Compose replaces keeps its anonymous volumes.
 */
export function planStops(context: InstanceContext, change: ServiceChange): PlannedOperation[] {
  const { instance } = context.change;
  const { action, isMoved } = change;
  const isMade = instance.state === "installed" && makesContainers(change);
  const isWhole = action === "stop" || isMade;
  if (!isWhole && !(isMoved && action === "recreate")) return [];
  const stopping = change.containers.kept.filter((each) => isWhole || isReplaced(each, change));
  return stopping.filter(hasProcess).map((container) => ({
    key: keys.stop(container.id),
    operation: {
      kind: "stop-container",
      resource: resourceIds.service(instance.project, change.service.name),
      containerId: container.id,
      containerName: container.name,
      causes: isWhole ? [isToBeInstalled] : [...change.causes],
      class: "restart",
    },
    after: [...context.staging, ...context.dependents, ...dependentKeys(context, { change, key: keys.stop })],
  }));
}

export function planCreations(context: InstanceContext): PlannedOperation[] {
  return context.waves.map((wave) => planCreation(context, wave));
}

function planCreation(context: InstanceContext, wave: Wave): PlannedOperation {
  const { instance } = context.change;
  const names = wave.changes.map(({ service }) => service.name);
  const parts = wave.parts.map((changes) => ({
    services: changes.map(({ service }) => service.name),
    after: changes.flatMap((change) => creationKeys(context, { change, wave, names })),
  }));
  return {
    key: keys.create(instance.project, wave.name),
    operation: {
      kind: "create-containers",
      resource: resourceIds.services(instance.project, names),
      instance: instance.name,
      project: instance.project,
      services: names,
      force: wave.changes.some(({ force }) => force),
      ...findDeclared(context, wave),
      causes: wave.changes.flatMap(({ service, causes }) =>
        causes.map((cause) => ({ ...cause, service: service.name })),
      ),
      class: isReplacing(wave) ? "recreate" : "live",
    },
    after: parts.flatMap(({ after }) => after),
    parts,
  };
}

/** What images must declare that are pulled before, unless somebody has permitted that data is left behind. */
function findDeclared(
  { change: { instance }, observed, record }: InstanceContext,
  wave: Wave,
): Pick<OperationOf<"create-containers">, "declared"> {
  if (isRenewed(instance, record)) return {};
  const declared = wave.changes.flatMap(({ service, containers }) =>
    findUndeclared(containers.kept, { service, observed }).map((path) => ({
      service: service.name,
      image: imageReference(service),
      path,
    })),
  );
  return declared.length === 0 ? {} : { declared };
}

function isReplacing(wave: Wave): boolean {
  return wave.name !== "new";
}

/** What must be over before the containers of one service are made. */
function creationKeys(
  context: InstanceContext,
  { change, wave, names }: { change: ServiceChange; wave: Wave; names: readonly string[] },
): Dependency[] {
  const { service, containers } = change;
  const { staging, providers } = context;
  const replaced = containers.kept.filter((each) => change.action === "recreate" && isReplaced(each, change));
  return [
    ifPlanned(keys.pull(imageReference(service))),
    ...service.networks.map((name) => ifPlanned(keys.network(name))),
    ...connectionKeys(change),
    ...service.volumes.map((name) => ifPlanned(keys.volume(name))),
    ...placementKeys(context.change, service.name),
    ...nameKeys(change, { ...context, own: context.change }),
    ...replaced.map(({ id }) => ifPlanned(keys.rename(id))),
    ...[...containers.extra, ...containers.kept].flatMap(({ id }) => [
      ifPlanned(keys.remove(id)),
      ifPlanned(keys.stop(id)),
    ]),
    ...(isReplacing(wave) ? [...staging, ...providers, ...dependencyKeys(context, change, names)] : []),
  ];
}

/** What must be over before a service may go down: all that it depends on, but for those that go with it. */
function dependencyKeys(
  context: InstanceContext,
  { service }: ServiceChange,
  members: readonly string[] = [],
): Dependency[] {
  return service.dependsOn
    .filter((dependency) => !members.includes(dependency.service))
    .flatMap((dependency) => readyKeys(context.change, dependency));
}

/** After an interrupted replacement, or when somebody has renamed it; what Compose makes anew it also names. */
export function planRenames(context: InstanceContext, change: ServiceChange): PlannedOperation[] {
  const own = context.change;
  const taken = findNameHolders(change, { ...context, own }).filter(({ isReleased }) => !isReleased);
  return findRenamed(change, own)
    .filter(({ name }) => !taken.some(({ holder }) => holder.name === name))
    .map(({ container, name }) => ({
      key: keys.rename(container.id),
      operation: {
        kind: "rename-container",
        resource: resourceIds.service(own.instance.project, change.service.name),
        containerId: container.id,
        name,
        causes: [
          isLeftoverName(container.name)
            ? because.interrupted(`is still named ${container.name} after an interrupted replacement`)
            : because.drift(`was renamed to ${container.name}`),
        ],
        class: "live",
      },
      after: [
        ...change.containers.extra.map(({ id }) => keys.remove(id)),
        ...nameKeys(change, { ...context, own }),
      ],
    }));
}
