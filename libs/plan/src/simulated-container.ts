import {
  type DesiredFolder,
  type DesiredInstance,
  type DesiredMount,
  type DesiredService,
  type ObservedContainer,
  type ObservedNode,
  type OperationOf,
  compareText,
  dataToken,
  containerNumber,
  imageReference,
  isInSync,
  wantedName,
  ownOf,
} from "@keelson/model";

import { findOwn } from "./own-container.ts";
import { isDataOf } from "./folder-state.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** As `docker compose up --no-start --no-deps`: replaces what differs, makes what lacks, removes what is too much. */
export function createContainers(operation: OperationOf<"create-containers">, node: SimulatedNode): void {
  const instance = node.desired.instances.find(({ name }) => name === operation.instance);
  if (instance === undefined) return;
  for (const service of instance.services.filter(({ name }) => operation.services.includes(name))) {
    createService(service, { instance, node, force: operation.force });
  }
}

function createService(
  service: DesiredService,
  { instance, node, force }: { instance: DesiredInstance; node: SimulatedNode; force: boolean },
): void {
  const { observed } = node;
  const own = findOwn(observed, { project: instance.project, service: service.name }).sort(
    (a, b) => numberOf(a) - numberOf(b),
  );
  const wanted = own.slice(0, service.replicas);
  const replaced = wanted.filter((each) => force || !isInSync(each, service));
  const gone = new Set([...own.slice(service.replicas), ...replaced]);
  const next = Math.max(0, ...own.map(numberOf)) + 1;
  const added = Array.from({ length: service.replicas - wanted.length }, (_, index) => next + index);
  const numbers = [...replaced.map(numberOf), ...added];
  const made = numbers.map((number) =>
    newContainer(service, {
      instance,
      node,
      number,
      before: replaced.find((each) => numberOf(each) === number),
    }),
  );
  observed.containers = [...observed.containers.filter((each) => !gone.has(each)), ...made];
  for (const { name } of gone) releaseUnwanted(observed, { name, service });
}

/** Of the ports that a container held, those that its service does not want any more. */
function releaseUnwanted(
  observed: ObservedNode,
  { name, service }: { name: string; service: DesiredService },
): void {
  observed.heldPorts = observed.heldPorts.filter(
    (held) =>
      held.container !== name ||
      service.ports.some(({ port, protocol }) => port === held.port && protocol === held.protocol),
  );
}

function numberOf({ name, number }: ObservedContainer): number {
  return number ?? containerNumber(name) ?? 0;
}

function newContainer(
  service: DesiredService,
  {
    instance,
    node,
    number,
    before,
  }: {
    instance: DesiredInstance;
    node: SimulatedNode;
    number: number;
    /** The container in whose place it comes. */
    before: ObservedContainer | undefined;
  },
): ObservedContainer {
  const { project } = instance;
  const [{ digest }] = service.digests;
  const { containerName } = service;
  const name = wantedName({ name: "", number }, { project, service: service.name, containerName });
  const stored = node.observed.storedInstances.find((each) => each.instance === instance.name);
  const bound = instance.mounts.filter(({ services }) => services.includes(service.name));
  const sourceOf = ({ target }: DesiredMount) => `${stored?.folder ?? ""}/${target}`;
  const folders = instance.folders.filter(({ services }) => services.includes(service.name));
  const pathOf = ({ source }: Pick<DesiredFolder, "source">) =>
    node.observed.dataFolders?.find((each) => isDataOf(each, { instance: instance.name, source }))?.path ??
    "";
  const id = unusedId(`${name} ${digest}`, node);
  const image = ownOf(node.observed.images, imageReference(service));
  const places = service.places.map((place) => ({
    ...place,
    volume: place.kind === "anonymous" ? anonymousVolume(place.path, { id, before }) : place.volume,
    ...(place.source === undefined ? {} : { source: pathOf({ source: sourceIn(place.source) }) }),
  }));
  return {
    id,
    name,
    ownership: "ours",
    project,
    service: service.name,
    number,
    instance: instance.name,
    digest,
    image: imageReference(service),
    imageId: image?.id ?? "",
    imageDigests: image?.digests ?? [],
    state: "created",
    health: "none",
    exitCode: 0,
    networks: [...service.networks],
    binds: [...bound.map(sourceOf), ...folders.map(pathOf)],
    writableBinds: [
      ...bound.filter(({ writable }) => writable).map(sourceOf),
      ...folders.filter(({ writers }) => writers.includes(service.name)).map(pathOf),
    ],
    volumes: [...new Set(places.flatMap(({ kind, volume }) => (kind === "volume" ? [volume] : [])))].sort(
      compareText,
    ),
    places,
    anonymousVolumes: places.flatMap(({ kind, volume }) => (kind === "anonymous" ? [volume] : [])),
    startedAt: "",
  };
}

/** Compose hands on what the replaced container had at the path. */
function anonymousVolume(
  path: string,
  { id, before }: { id: string; before: ObservedContainer | undefined },
): string {
  const inherited = before?.places?.find((place) => place.path === path && place.kind === "anonymous");
  return inherited?.volume ?? `anonymous ${path} of ${id}`;
}

/** An engine never gives an id again. */
function unusedId(base: string, { observed, record }: SimulatedNode): string {
  let id = base;
  while (record.containers[id] !== undefined || observed.containers.some((each) => each.id === id)) id += "'";
  return id;
}

/** A container that runs and has still to become healthy, or, a one-shot, to do its work. */
export function start(container: ObservedContainer, { desired, observed }: SimulatedNode): void {
  if (container.state === "paused") {
    container.state = "running";
    return;
  }
  const service = desired.instances
    .find(({ project }) => project === container.project)
    ?.services.find(({ name }) => name === container.service);
  container.state = "running";
  container.startedAt = nextInstant(observed);
  container.exitCode = 0;
  container.health = service?.hasHealthcheck === true ? "starting" : "none";
}

/** Later than anything that is observed: there is no clock here. */
function nextInstant({ containers }: ObservedNode): string {
  const instants = containers
    .map(({ startedAt }) => Date.parse(startedAt))
    .filter((each) => !Number.isNaN(each));
  return new Date(Math.max(0, ...instants) + 1000).toISOString();
}

/** Of a data folder, as its instance's Compose file binds it. */
function sourceIn(source: string): string {
  return source === dataToken ? "." : source.slice(`${dataToken}/`.length);
}
