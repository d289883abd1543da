import {
  type DependencyCondition,
  type DesiredService,
  type ObservedContainer,
  resourceIds,
} from "@keelson/model";

import { hasProcess, isComingUp, meetsCondition } from "./container-state.ts";
import { placementKeys } from "./file-operations.ts";
import type { InstanceContext } from "./instance-context.ts";
import type { OperationGraph } from "./operation-graph.ts";
import { keys } from "./operation-key.ts";
import type { ServiceChange } from "./service-action.ts";
import { type InstanceChange, staysAsItIs } from "./service-change.ts";

type StartContext = Pick<InstanceContext, "graph" | "change">;

export function addStart(context: InstanceContext, change: ServiceChange): void {
  const { instance } = context.change;
  const { service, action, containers } = change;
  if (instance.state !== "running") return;
  if (action !== "create" && action !== "recreate" && action !== "start") return;
  const creation = context.waves.find(({ changes }) => changes.includes(change));
  context.graph.add(
    keys.start(instance.project, service.name),
    {
      kind: "start-service",
      resource: resourceIds.service(instance.project, service.name),
      instance: instance.name,
      project: instance.project,
      service: service.name,
      causes: action === "start" ? change.causes : ["its containers are new"],
      class: "live",
    },
    [
      ...(creation === undefined ? [] : [keys.create(instance.project, creation.name)]),
      ...containers.extra.map((each) => keys.remove(each.id)),
      ...placementKeys(context.change, service.name),
      ...context.portReleases(change),
      ...context.providers,
      ...waitForOthers(context, service),
    ],
  );
  addAwait(context, service);
}

export function addRestarts(context: InstanceContext, change: ServiceChange): void {
  const { instance } = context.change;
  const { service } = change;
  for (const container of restartedContainers(change)) {
    context.graph.add(
      keys.restart(instance.project, container.id),
      {
        kind: "restart-container",
        resource: resourceIds.service(instance.project, service.name),
        instance: instance.name,
        service: service.name,
        containerId: container.id,
        causes: change.action === "restart" ? change.causes : change.live.restart,
        class: "restart",
      },
      [
        ...context.staging,
        ...context.providers,
        ...placementKeys(context.change, service.name),
        keys.start(instance.project, service.name),
        ...waitForOthers(context, service),
      ],
    );
    addAwait(context, service);
  }
}

/** All of a service that restarts; of one that only gets more containers, those that have read the old files. */
export function restartedContainers(change: ServiceChange): ObservedContainer[] {
  const { action, containers, live } = change;
  if (action === "restart") return containers.kept;
  if (action === "none" || !staysAsItIs(action) || live.restart.length === 0) return [];
  return containers.kept.filter(hasProcess);
}

function waitForOthers(context: StartContext, service: DesiredService): string[] {
  const shared = service.sharesWith.map((name) => ({ service: name, condition: "service_started" as const }));
  return [...service.dependsOn, ...shared].flatMap((dependency) => waitFor(context, dependency));
}

/** Keys to wait for until a dependency meets its condition; one that is not touched may still be on its way up. */
export function waitFor(context: StartContext, on: Dependency): string[] {
  const { instance, services } = context.change;
  const dependency = services.get(on.service);
  if (dependency === undefined || instance.state !== "running") return [];
  const { service, action, containers } = dependency;
  const isReady = containers.kept.every((each) => meetsCondition(each, { service, condition: on.condition }));
  if (action === "none" && !isReady) addAwait(context, service);
  return dependencyKeys(context, { ...on, seen: new Set() });
}

type Dependency = Pick<DesiredService["dependsOn"][number], "service" | "condition">;

/**
 * Of a dependency that stays as it is, those of what it depends on itself: without them it is of no use. Each is gone into
 * once: there can be far more ways to a service than services.
 */
function dependencyKeys(context: StartContext, on: Dependency & { seen: Set<string> }): string[] {
  const { instance, services } = context.change;
  const dependency = services.get(on.service);
  const visit = `${on.service} ${on.condition}`;
  if (dependency === undefined || on.seen.has(visit)) return [];
  on.seen.add(visit);
  const below = dependency.action === "none" ? dependency.service.dependsOn : [];
  return [
    keys.start(instance.project, on.service),
    ...dependency.containers.kept.map((each) => keys.restart(instance.project, each.id)),
    ...(on.condition === "service_started" ? [] : [keys.await(instance.project, on.service)]),
    ...below.flatMap((next) => dependencyKeys(context, { ...next, seen: on.seen })),
  ];
}

/** What was started earlier and is still on its way: its trial goes on, whatever ended the round that began it. */
export function addTrial(
  context: StartContext,
  { service, action, containers, isBlocked }: ServiceChange,
): void {
  if (context.change.instance.state !== "running" || action !== "none" || isBlocked) return;
  const condition = conditionOf(service, context.change);
  const isOnItsWay = containers.kept.some((each) => isComingUp(each, { service, condition }));
  if (isOnItsWay) addAwait(context, service);
}

/** Waits for what an instance started earlier and what is not up yet: others need it. */
export function addPendingAwaits(graph: OperationGraph, change: InstanceChange): void {
  if (change.instance.state !== "running") return;
  for (const { service, action, containers, isBlocked } of change.services.values()) {
    if (action !== "none" || isBlocked) continue;
    const condition = conditionOf(service, change);
    const isReady = containers.kept.every((each) => meetsCondition(each, { service, condition }));
    if (!isReady) addAwait({ graph, change }, service);
  }
}

/** What later instances wait for. */
export function finalKeys(graph: OperationGraph, project: string): string[] {
  return ["start", "restart", "await"].flatMap((kind) => graph.keys(`${kind}:${project}/`));
}

function addAwait({ graph, change }: StartContext, service: DesiredService): void {
  const { instance, services } = change;
  const { kept, extra } = services.get(service.name)?.containers ?? { kept: [], extra: [] };
  const condition = conditionOf(service, change);
  graph.add(
    keys.await(instance.project, service.name),
    {
      kind: "await-service",
      resource: resourceIds.service(instance.project, service.name),
      instance: instance.name,
      project: instance.project,
      service: service.name,
      condition,
      timeoutMs: service.trialMs,
      causes: [awaitCauses[condition]],
      class: "live",
    },
    [
      keys.start(instance.project, service.name),
      ...kept.map((each) => keys.restart(instance.project, each.id)),
      ...extra.map((each) => keys.remove(each.id)), // all containers of a service are waited for
    ],
  );
}

const awaitCauses: Record<DependencyCondition, string> = {
  service_started: "until it runs",
  service_healthy: "until it is healthy",
  service_completed_successfully: "until it has done its work",
};

/** An image may bring a health check that the model does not show: who asks for healthy says that there is one. */
function conditionOf(service: DesiredService, { services }: InstanceChange): DependencyCondition {
  if (service.oneShot) return "service_completed_successfully";
  const isAsked = [...services.values()].some((other) =>
    other.service.dependsOn.some(
      (dependency) => dependency.service === service.name && dependency.condition === "service_healthy",
    ),
  );
  return service.hasHealthcheck || isAsked ? "service_healthy" : "service_started";
}
