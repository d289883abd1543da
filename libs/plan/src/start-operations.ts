import { type DependencyCondition, type DesiredService, resourceIds } from "@keelson/model";

import { because } from "./cause.ts";
import { type Need, conditionOf, needsOf } from "./awaited-service.ts";
import { placementKeys } from "./file-operations.ts";
import type { InstanceContext } from "./instance-context.ts";
import type { PlannedOperation } from "./operation-graph.ts";
import { type Dependency, ifPlanned, keys } from "./operation-key.ts";
import { connectionKeys } from "./network-connection.ts";
import { releaseKeys } from "./port-release.ts";
import { handoverKeys } from "./data-handover.ts";
import { type ServiceChange, makesContainers, restartedContainers } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";

export function planStart(context: InstanceContext, change: ServiceChange): PlannedOperation[] {
  const { instance } = context.change;
  const { service, action, containers } = change;
  if (instance.state !== "running" || !(makesContainers(change) || action === "start")) return [];
  const creation = context.creations.get(change);
  return [
    {
      key: keys.start(instance.project, service.name),
      operation: {
        kind: "start-service",
        resource: resourceIds.service(instance.project, service.name),
        instance: instance.name,
        project: instance.project,
        service: service.name,
        causes: action === "start" ? [...change.causes] : [because.follows("its containers are new")],
        class: "live",
      },
      after: [
        ...(creation === undefined ? [] : [creation]),
        ...containers.extra.map(({ id }) => keys.remove(id)),
        ...connectionKeys(change),
        ...placementKeys(context.change, service.name),
        ...releaseKeys(change, context),
        ...handoverKeys(change, { ...context, instance }),
        ...context.providers,
        ...needsOf(service).flatMap((need) => readyKeys(context.change, need)),
      ],
    },
  ];
}

export function planRestarts(context: InstanceContext, change: ServiceChange): PlannedOperation[] {
  const { instance } = context.change;
  const { service } = change;
  return restartedContainers(change).map(({ id }) => ({
    key: keys.restart(id),
    operation: {
      kind: "restart-container",
      resource: resourceIds.service(instance.project, service.name),
      instance: instance.name,
      project: instance.project,
      service: service.name,
      containerId: id,
      causes: [...(change.action === "restart" ? change.causes : change.live.restart)],
      class: "restart",
    },
    after: [
      ...context.staging,
      ...context.providers,
      ...connectionKeys(change),
      ...placementKeys(context.change, service.name),
      ifPlanned(keys.start(instance.project, service.name)),
      ...needsOf(service).flatMap((need) => readyKeys(context.change, need)),
    ],
  }));
}

/** What must be over before a service meets the condition that another one waits for. */
export function readyKeys(change: InstanceChange, needed: Need): Dependency[] {
  const { instance, services } = change;
  if (instance.state !== "running") return [];
  return reach(change, needed).flatMap(({ service: name, condition }) => [
    ifPlanned(keys.start(instance.project, name)),
    ...bringingUp(services.get(name)),
    ...(condition === "service_started" ? [] : [ifPlanned(keys.await(instance.project, name))]),
  ]);
}

/**
 * What is needed, and below each that stays as it is what that one depends on itself: without them it is of no use. Each
 * is gone into once: there can be far more ways to a service than services.
 */
function reach({ services }: InstanceChange, needed: Need): Need[] {
  const found = new Map<string, Need>();
  const waiting = [needed];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const change = services.get(next.service);
    const visit = `${next.service} ${next.condition}`;
    if (change === undefined || found.has(visit)) continue;
    found.set(visit, next);
    if (change.action === "none") waiting.push(...change.service.dependsOn);
  }
  return [...found.values()];
}

/** What later instances wait for. */
export function upKeys({ instance, services }: InstanceChange): Dependency[] {
  return [...services.values()].flatMap((change) => [
    ifPlanned(keys.start(instance.project, change.service.name)),
    ...bringingUp(change),
    ifPlanned(keys.await(instance.project, change.service.name)),
  ]);
}

/** What is done to containers that stay, before they serve again. */
function bringingUp(change: ServiceChange | undefined): Dependency[] {
  if (change === undefined) return [];
  return [...change.containers.kept.map(({ id }) => ifPlanned(keys.restart(id))), ...connectionKeys(change)];
}

export function planAwait(context: InstanceContext, change: ServiceChange): PlannedOperation[] {
  if (!context.awaited.has(change)) return [];
  const { instance } = context.change;
  const { service, containers } = change;
  const condition = conditionOf(service, context.change);
  return [
    {
      key: keys.await(instance.project, service.name),
      operation: {
        kind: "await-service",
        resource: resourceIds.service(instance.project, service.name),
        instance: instance.name,
        project: instance.project,
        service: service.name,
        condition,
        mayEnd: service.oneShot,
        timeoutMs: service.trialMs,
        causes: [because.follows(awaitCause(service, condition))],
        class: "live",
      },
      after: [
        ifPlanned(keys.start(instance.project, service.name)),
        ...bringingUp(change),
        ...containers.extra.map(({ id }) => keys.remove(id)), // all containers of a service are waited for
      ],
    },
  ];
}

function awaitCause({ oneShot, endAwaited }: DesiredService, condition: DependencyCondition): string {
  return oneShot && !endAwaited ? `${awaitCauses[condition]} or has ended` : awaitCauses[condition];
}

const awaitCauses: Record<DependencyCondition, string> = {
  service_started: "until it runs",
  service_healthy: "until it is healthy",
  service_completed_successfully: "until it has done its work",
};
