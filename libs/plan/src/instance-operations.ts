import { type DependencyCondition, type DesiredService, compareText, resourceIds } from "@keelson/model";

import { desiredLiveFiles } from "./file-change.ts";
import type { OperationGraph } from "./operation-graph.ts";
import { leftoverName } from "./service-containers.ts";
import { type InstanceChange, type ServiceChange, hasCompleted, isUp } from "./service-change.ts";
import { type Wave, groupWaves } from "./wave.ts";

/** Keys by which operations of one plan wait for each other. */
export const keys = {
  pull: (image: string) => `pull:${image}`,
  network: (name: string) => `network:${name}`,
  removeNetwork: (id: string) => `remove-network:${id}`,
  volume: (name: string) => `volume:${name}`,
  place: (project: string, source: string) => `place:${project}/${source}`,
  create: (project: string, wave: string) => `create:${project}/${wave}`,
  start: (project: string, service: string) => `start:${project}/${service}`,
  restart: (project: string, containerId: string) => `restart:${project}/${containerId}`,
  await: (project: string, service: string) => `await:${project}/${service}`,
  signal: (project: string, what: string) => `signal:${project}/${what}`,
  record: (project: string, service: string) => `record:${project}/${service}`,
  remove: (containerId: string) => `remove:${containerId}`,
  stop: (project: string, containerId: string) => `stop:${project}/${containerId}`,
  rename: (containerId: string) => `rename:${containerId}`,
  collect: (project: string) => `collect:${project}`,
};

export interface InstanceContext {
  graph: OperationGraph;
  change: InstanceChange;
  /** All pulls and content-addressed files of the plan: nothing is disturbed before they are done. */
  staging: readonly string[];
  /** What the instances that this one requires have still to do. */
  providers: readonly string[];
  /** Removals of containers that hold a port one of our services wants. */
  portReleases: (service: DesiredService) => string[];
}

/** Adds everything that one instance needs to the plan. */
export function addInstanceOperations(context: InstanceContext): void {
  const { change } = context;
  addLivePlacements(context);
  for (const service of change.services.values()) addRemovals(context, service);
  const creations = new Map<string, string>();
  for (const wave of groupWaves(change.services)) {
    addCreation(context, wave);
    for (const { service } of wave.changes)
      creations.set(service.name, keys.create(change.instance.project, wave.name));
  }
  for (const service of change.services.values()) {
    addRenames(context, service);
    addStart(context, { change: service, creation: creations.get(service.service.name) });
    addRestart(context, service);
    addStop(context, service);
    addSignals(context, service);
    addRecord(context, service);
  }
  addCollection(context);
}

/** What later instances wait for. */
export function finalKeys(graph: OperationGraph, project: string): string[] {
  return [
    ...graph.keys(`start:${project}/`),
    ...graph.keys(`await:${project}/`),
    ...graph.keys(`restart:${project}/`),
  ];
}

function addLivePlacements(context: InstanceContext): void {
  const { graph, change } = context;
  for (const { mount, causes, class: changeClass } of change.mounts) {
    if (mount.layout === "content") continue; // already in the plan, as staging
    const isSeen = mount.services.some((name) => change.services.get(name)?.containers.kept.some(isUp));
    graph.add(
      keys.place(change.instance.project, mount.source),
      {
        kind: "place-files",
        resource: resourceIds.files(change.instance.project, mount.source),
        instance: change.instance.name,
        mount,
        causes,
        class: isSeen ? changeClass : "live",
      },
      isSeen ? [...context.staging, ...context.providers] : [],
    );
  }
}

/** Extra containers, those of a network that is replaced, and those of an instance that is to be staged only. */
function addRemovals(context: InstanceContext, change: ServiceChange): void {
  const { instance } = context.change;
  const { kept, extra } = change.containers;
  const goesAway = change.action === "remove" || change.removeFirst;
  const doomed = [...extra.map((each) => ({ each, causes: ["more than one container for one place"] }))];
  if (goesAway) doomed.push(...kept.map((each) => ({ each, causes: change.causes })));
  for (const { each, causes } of doomed) {
    const dependents = [...context.change.services.values()]
      .filter((other) => other.service.dependsOn.some(({ service }) => service === change.service.name))
      .flatMap((other) => other.containers.kept.map((container) => keys.remove(container.id)));
    context.graph.add(
      keys.remove(each.id),
      {
        kind: "remove-container",
        resource: resourceIds.service(instance.project, change.service.name),
        containerId: each.id,
        containerName: each.name,
        causes,
        class: "recreate",
      },
      [...context.staging, ...(goesAway ? dependents : [])],
    );
  }
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
    ...placements(context, service),
    ...[...containers.extra, ...containers.kept].map((container) => keys.remove(container.id)),
  ]);
  const before = isReplacing
    ? wave.changes.flatMap(({ service }) =>
        service.dependsOn.flatMap((dependency) => waitFor(context, { ...dependency, members: names })),
      )
    : [];
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
    [...own, ...before, ...(isReplacing ? [...staging, ...providers] : [])],
  );
}

function addRenames(context: InstanceContext, change: ServiceChange): void {
  if (change.action === "recreate") return; // Compose names the new container properly
  for (const container of change.containers.kept) {
    const name = leftoverName(container.name);
    if (name === null || change.removeFirst || change.action === "remove") continue;
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

function addStart(
  context: InstanceContext,
  on: { change: ServiceChange; creation: string | undefined },
): void {
  const { instance } = context.change;
  const { change, creation } = on;
  const { service, action } = change;
  if (instance.state !== "running" || service.replicas === 0) return;
  if (action !== "create" && action !== "recreate" && action !== "start") return;
  context.graph.add(
    keys.start(instance.project, service.name),
    {
      kind: "start-service",
      resource: resourceIds.service(instance.project, service.name),
      instance: instance.name,
      project: instance.project,
      service: service.name,
      causes: action === "start" ? change.causes : ["its containers are made"],
      class: "live",
    },
    [
      ...(creation === undefined ? [] : [creation]),
      ...[...change.containers.extra, ...change.containers.kept].map((each) => keys.remove(each.id)),
      ...service.sharesWith.map((other) => keys.start(instance.project, other)),
      ...service.dependsOn.flatMap((dependency) => waitFor(context, { ...dependency, members: [] })),
      ...placements(context, service),
      ...context.portReleases(service),
      ...context.providers,
    ],
  );
  addAwait(context, service);
}

/** Keys to wait for until a dependency meets its condition; one that is not touched may still be on its way up. */
function waitFor(
  context: InstanceContext,
  on: { service: string; condition: DependencyCondition; members: readonly string[] },
): string[] {
  const { project } = context.change.instance;
  const dependency = context.change.services.get(on.service);
  if (dependency === undefined || on.members.includes(on.service)) return [];
  const isReady =
    dependency.action === "none" &&
    dependency.containers.kept.every((container) => meets(container, { dependency, ...on }));
  if (dependency.action === "none" && !isReady) addAwait(context, dependency.service);
  const started = [
    keys.start(project, on.service),
    ...dependency.containers.kept.map((each) => keys.restart(project, each.id)),
  ];
  return on.condition === "service_started" ? started : [...started, keys.await(project, on.service)];
}

function meets(
  container: ServiceChange["containers"]["kept"][number],
  on: { dependency: ServiceChange; condition: DependencyCondition },
): boolean {
  if (on.condition === "service_completed_successfully")
    return hasCompleted(on.dependency.service, container);
  if (on.condition === "service_healthy") return container.health === "healthy";
  return isUp(container);
}

function addAwait(context: InstanceContext, service: DesiredService): void {
  const { instance, services } = context.change;
  const restarts =
    services.get(service.name)?.containers.kept.map((each) => keys.restart(instance.project, each.id)) ?? [];
  context.graph.add(
    keys.await(instance.project, service.name),
    {
      kind: "await-service",
      resource: resourceIds.service(instance.project, service.name),
      instance: instance.name,
      project: instance.project,
      service: service.name,
      condition: conditionOf(service),
      timeoutMs: service.trialMs,
      causes: ["what follows needs it"],
      class: "live",
    },
    [keys.start(instance.project, service.name), ...restarts],
  );
}

function conditionOf(service: DesiredService): DependencyCondition {
  if (service.oneShot) return "service_completed_successfully";
  return service.hasHealthcheck ? "service_healthy" : "service_started";
}

function addRestart(context: InstanceContext, change: ServiceChange): void {
  const { instance } = context.change;
  if (change.action !== "restart") return;
  for (const container of change.containers.kept) {
    context.graph.add(
      keys.restart(instance.project, container.id),
      {
        kind: "restart-container",
        resource: resourceIds.service(instance.project, change.service.name),
        instance: instance.name,
        service: change.service.name,
        containerId: container.id,
        causes: change.causes,
        class: "restart",
      },
      [
        ...context.staging,
        ...context.providers,
        ...placements(context, change.service),
        ...change.service.sharesWith.flatMap((other) => [
          keys.start(instance.project, other),
          keys.await(instance.project, other),
        ]),
        ...change.service.dependsOn.flatMap((dependency) => waitFor(context, { ...dependency, members: [] })),
      ],
    );
  }
  addAwait(context, change.service);
}

function placements(context: InstanceContext, service: DesiredService): string[] {
  const { instance } = context.change;
  return instance.mounts
    .filter((mount) => mount.services.includes(service.name))
    .map((mount) => keys.place(instance.project, mount.source));
}

/** For an instance that is to be installed only: dependents stop first. */
function addStop(context: InstanceContext, change: ServiceChange): void {
  const { instance, services } = context.change;
  if (change.action !== "stop") return;
  const dependents = [...services.values()]
    .filter((other) => other.service.dependsOn.some(({ service }) => service === change.service.name))
    .flatMap((other) => other.containers.kept.map((container) => keys.stop(instance.project, container.id)));
  for (const container of change.containers.kept.filter(isUp)) {
    context.graph.add(
      keys.stop(instance.project, container.id),
      {
        kind: "stop-container",
        resource: resourceIds.service(instance.project, change.service.name),
        containerId: container.id,
        containerName: container.name,
        causes: change.causes,
        class: "restart",
      },
      [...context.staging, ...dependents],
    );
  }
}

function addSignals(context: InstanceContext, change: ServiceChange): void {
  const { instance } = context.change;
  if (change.action !== "none") return; // a container that starts or restarts reads its files anyway
  const after = [...context.staging, ...context.providers, ...placements(context, change.service)];
  const base = {
    resource: resourceIds.service(instance.project, change.service.name),
    instance: instance.name,
    service: change.service.name,
    class: "reload" as const,
  };
  for (const { id: containerId } of change.containers.kept.filter(
    (container) => container.state === "running",
  )) {
    for (const [signal, causes] of change.live.signals) {
      context.graph.add(
        keys.signal(instance.project, `${change.service.name}/${containerId}/${signal}`),
        { ...base, kind: "signal-container", containerId, signal, causes },
        after,
      );
    }
    for (const [key, { command, causes }] of change.live.commands) {
      context.graph.add(
        keys.signal(instance.project, `${change.service.name}/${containerId}/${key}`),
        { ...base, kind: "exec-in-container", containerId, command, causes },
        after,
      );
    }
  }
}

function addRecord(context: InstanceContext, change: ServiceChange): void {
  const { instance, stored } = context.change;
  const { service } = change;
  const files = desiredLiveFiles(service, instance);
  const applied = stored?.applied?.[service.name] ?? {};
  const isEqual = Object.keys({ ...files, ...applied }).every((to) => files[to] === applied[to]);
  if (isEqual || instance.state !== "running" || change.action === "stop" || change.action === "remove")
    return;
  context.graph.add(
    keys.record(instance.project, service.name),
    {
      kind: "record-files",
      resource: resourceIds.service(instance.project, service.name),
      instance: instance.name,
      service: service.name,
      files,
      causes: ["its files are loaded"],
      class: "live",
    },
    [
      ...placements(context, service),
      keys.start(instance.project, service.name),
      ...change.containers.kept.map((each) => keys.restart(instance.project, each.id)),
      ...context.graph.keys(keys.signal(instance.project, `${service.name}/`)),
    ],
  );
}

/** Removes what neither the desired state nor any container names; last, so that a failed change keeps its way back. */
function addCollection(context: InstanceContext): void {
  const { instance, stored, services } = context.change;
  if (stored === undefined) return;
  const wanted = instance.mounts.map((mount) => mount.target);
  const isWanted = (path: string) =>
    wanted.some((target) => path === target || path.startsWith(`${target}/`));
  const stays = [...services.values()]
    .filter(({ action }) => action !== "recreate")
    .flatMap(({ containers }) => containers.kept);
  const bound = stays.flatMap((container) => container.binds);
  const isBound = (path: string) =>
    bound.some(
      (bind) => `${stored.folder}/${path}` === bind || `${stored.folder}/${path}`.startsWith(`${bind}/`),
    );
  const paths = Object.keys(stored.files).filter((path) => !isWanted(path) && !isBound(path));
  if (paths.length === 0) return;
  const project = instance.project;
  context.graph.add(
    keys.collect(project),
    {
      kind: "remove-files",
      resource: resourceIds.files(project, ""),
      instance: instance.name,
      paths: paths.sort(compareText),
      causes: ["nothing uses them any more"],
      class: "live",
    },
    ["create", "start", "restart", "await", "signal", "record"].flatMap((kind) =>
      context.graph.keys(`${kind}:${project}/`),
    ),
  );
}
