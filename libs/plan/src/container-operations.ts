import { type ObservedContainer, isInSync, resourceIds } from "@keelson/model";

import { hasProcess, isUp } from "./container-state.ts";
import { placementKeys } from "./file-operations.ts";
import type { InstanceContext } from "./instance-context.ts";
import { keys } from "./operation-key.ts";
import { leftoverName } from "./service-containers.ts";
import type { ServiceChange } from "./service-action.ts";
import { waitFor } from "./start-operations.ts";
import type { Wave } from "./wave.ts";

/** Extra containers, those of a network that is replaced, and those of an instance that is to be staged only. */
export function addRemovals(context: InstanceContext, change: ServiceChange): void {
  const { kept, extra } = change.containers;
  for (const container of extra) {
    // It does the service's work until then, as in any replacement.
    const isServing = isUp(container) && kept.length > 0 && !kept.some(isUp) && !change.removeFirst;
    const before = isServing ? [...context.providers, ...waitForAll(context, change)] : [];
    const causes = [extraCause(container, change)];
    addRemoval(context, { change, container, causes, after: before });
  }
  if (change.action !== "remove" && !change.removeFirst) return;
  const after = [...context.dependents, ...dependentKeys(context, { change, key: keys.remove })];
  for (const container of kept) addRemoval(context, { change, container, causes: change.causes, after });
}

function extraCause(
  container: ObservedContainer,
  { service, action, causes, containers }: ServiceChange,
): string {
  if (action === "remove") return causes[0] ?? "";
  const isDouble = [...containers.kept, ...containers.extra].some(
    (other) =>
      other !== container &&
      (leftoverName(other.name) ?? other.name) === (leftoverName(container.name) ?? container.name),
  );
  if (isDouble) return "is left over from an interrupted replacement";
  return `is more than the ${service.replicas} wanted`;
}

function addRemoval(
  context: InstanceContext,
  on: { change: ServiceChange; container: ObservedContainer; causes: string[]; after: string[] },
): void {
  context.graph.add(
    keys.remove(on.container.id),
    {
      kind: "remove-container",
      resource: resourceIds.service(context.change.instance.project, on.change.service.name),
      containerId: on.container.id,
      containerName: on.container.name,
      causes: on.causes,
      class: "recreate",
    },
    [...context.staging, ...on.after],
  );
}

/** Keys of what is done to the containers of all services of the instance that depend on one. */
function dependentKeys(
  context: InstanceContext,
  on: { change: ServiceChange; key: (containerId: string) => string },
): string[] {
  const { name } = on.change.service;
  return [...context.change.services.values()]
    .filter(({ service }) => service.dependsOn.some((dependency) => dependency.service === name))
    .flatMap(({ containers }) => containers.kept.map(({ id }) => on.key(id)));
}

/** For an instance that is to be installed only: dependents stop first, also before others are made. */
export function addStops(context: InstanceContext, change: ServiceChange): void {
  const { instance } = context.change;
  const { action, removeFirst } = change;
  const isMade = instance.state === "installed" && (action === "create" || action === "recreate");
  if (action !== "stop" && (!isMade || removeFirst)) return;
  const after = [...context.dependents, ...dependentKeys(context, { change, key: keys.stop })];
  for (const container of change.containers.kept.filter(hasProcess)) {
    context.graph.add(
      keys.stop(container.id),
      {
        kind: "stop-container",
        resource: resourceIds.service(instance.project, change.service.name),
        containerId: container.id,
        containerName: container.name,
        causes: ["is to be installed, not running"],
        class: "restart",
      },
      [...context.staging, ...after],
    );
  }
}

export function addCreations(context: InstanceContext): void {
  for (const wave of context.waves) addCreation(context, wave);
}

function addCreation(context: InstanceContext, wave: Wave): void {
  const { graph, staging, providers } = context;
  const { instance } = context.change;
  const names = wave.changes.map(({ service }) => service.name);
  const isReplacing = wave.name !== "new";
  const own = wave.changes.flatMap(({ service, containers }) => [
    keys.pull(service.image),
    ...service.networks.map(keys.network),
    ...service.volumes.map(keys.volume),
    ...placementKeys(context.change, service.name),
    ...[...containers.extra, ...containers.kept].flatMap(({ id }) => [keys.remove(id), keys.stop(id)]),
  ]);
  const before = wave.changes.flatMap((change) => waitForAll(context, change, names));
  graph.add(
    keys.create(instance.project, wave.name),
    {
      kind: "create-containers",
      resource:
        names.length === 1
          ? resourceIds.service(instance.project, names[0] ?? "")
          : `services:${instance.project}/{${names.join(",")}}`,
      instance: instance.name,
      project: instance.project,
      services: names,
      force: wave.changes.some(({ force }) => force),
      causes: wave.changes.map(({ service, causes }) => `${service.name}: ${causes.join("; ")}`),
      class: isReplacing ? "recreate" : "live",
    },
    [...own, ...(isReplacing ? [...staging, ...providers, ...before] : [])],
  );
}

/** What must be over before a service may go down: all that it depends on, but for those that go with it. */
function waitForAll(
  context: InstanceContext,
  { service }: ServiceChange,
  members: readonly string[] = [],
): string[] {
  return service.dependsOn
    .filter((dependency) => !members.includes(dependency.service))
    .flatMap((dependency) => waitFor(context, dependency));
}

/** After an interrupted replacement; when Compose makes the container anew it also names it. */
export function addRenames(context: InstanceContext, change: ServiceChange): void {
  if (change.isBlocked || change.action === "remove") return;
  for (const container of change.containers.kept) {
    const name = leftoverName(container.name);
    const isReplaced = change.force || !isInSync(container, change.service);
    if (name === null || (change.action === "recreate" && isReplaced)) continue;
    context.graph.add(
      keys.rename(container.id),
      {
        kind: "rename-container",
        resource: resourceIds.service(context.change.instance.project, change.service.name),
        containerId: container.id,
        name,
        causes: [`is still named ${container.name} after an interrupted replacement`],
        class: "live",
      },
      change.containers.extra.map((each) => keys.remove(each.id)),
    );
  }
}
