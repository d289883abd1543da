import {
  type DesiredInstance,
  type DesiredNode,
  type DesiredService,
  type InstanceStatus,
  type ObservedContainer,
  type ObservedNode,
  type PackageState,
  type Plan,
  type ServiceSchedule,
  type ServiceStatus,
  type LockedImage,
  imageDigestOf,
  isInSync,
  required,
  resourceIds,
  imageReference,
  ownOf,
  runsLockedImage,
  withoutDigest,
} from "@keelson/model";

import { listGrants } from "./grant-status.ts";
import { buildSchedule } from "./job-status.ts";
import type { StatusInput } from "./status-input.ts";

/** Whether everything that is to run was seen well. */
export function isAllHealthy({ instances }: DesiredNode, observed: ObservedNode): boolean {
  return instances.every(
    (instance) =>
      instance.state !== "running" || worstHealth(buildServices(instance, observed)) === "healthy",
  );
}

/** One instance as it was seen, down to its services. */
export function buildInstance(instance: DesiredInstance, input: StatusInput): InstanceStatus {
  const { releaseVersion } = instance.package;
  const base = {
    name: instance.name,
    package: instance.package.reference,
    version: instance.package.version,
    ...(releaseVersion === undefined ? {} : { releaseVersion }),
  };
  if (input.observed === null) {
    return { ...base, state: "unknown", sync: "unknown", health: "unknown", services: [] };
  }
  const sync = syncOf(instance, input.remaining);
  // What runs is nobody's business here any more.
  if (instance.state === "released")
    return { ...base, state: "released", sync, health: "healthy", services: [] };
  const restless = new Set(input.restless.map(({ resource }) => resource));
  const services = buildServices(instance, input.observed).map((service, index) =>
    withSchedule(withUnrest(service, { restless, project: instance.project }), {
      schedule: buildSchedule(required(instance.services[index], service.name), { ...input, instance }),
      sync,
    }),
  );
  const grants = listGrants(instance, { ...input, services, isInSync: sync === "in-sync" });
  return {
    ...base,
    state: stateOf(instance, { sync, observed: input.observed, staging: input.staging }),
    sync,
    health: worstHealth(instance.state === "running" ? services : []),
    services,
    ...(grants.length === 0 ? {} : { grants }),
  };
}

function stateOf(
  instance: DesiredInstance,
  {
    sync,
    observed,
    staging,
  }: { sync: InstanceStatus["sync"]; observed: ObservedNode } & Pick<StatusInput, "staging">,
): PackageState {
  if (sync === "in-sync" && isRunByJobs(instance)) return "running";
  if (hasOnlyNetworks(instance, observed)) return "installed";
  const state = packageState(instance, observed);
  if (state !== "absent" && state !== "staged") return state;
  return isStaged(instance, { observed, staging }) ? "staged" : "absent";
}

/** Whether the node has all that its containers would be made of: the release in its store, and the images. */
function isStaged(
  { name, package: of, services }: DesiredInstance,
  { observed, staging: { releases } }: { observed: ObservedNode } & Pick<StatusInput, "staging">,
): boolean {
  const used = services.filter(({ replicas, schedule }) => replicas > 0 || schedule !== undefined);
  if (!used.every((each) => (ownOf(observed.images, imageReference(each)) ?? null) !== null)) return false;
  // Of a local package the commit itself has the files.
  if (of.releaseVersion === undefined) return used.length > 0;
  // Nothing is staged while a person withholds action: what was placed before shows it.
  if (releases === null) return observed.storedInstances.some(({ instance }) => instance === name);
  const release = of.reference.slice(0, of.reference.indexOf("/"));
  return releases.includes(`${release}@${of.releaseVersion}`);
}

/** It has nothing that could run, and its networks are there. */
function hasOnlyNetworks({ services, networks }: DesiredInstance, observed: ObservedNode): boolean {
  const own = observed.networks.filter(({ ownership }) => ownership === "ours").map(({ name }) => name);
  return services.length === 0 && networks.length > 0 && networks.every(({ name }) => own.includes(name));
}

/** It has jobs by a schedule and nothing else that runs: between their runs no container says that it runs. */
function isRunByJobs({ state, services }: DesiredInstance): boolean {
  return (
    state === "running" &&
    services.some(({ schedule }) => schedule !== undefined) &&
    services.every(({ oneShot }) => oneShot)
  );
}

/** What ends again and again is not well, though it may run just now. */
function withUnrest(
  service: ServiceStatus,
  { restless, project }: { restless: ReadonlySet<string>; project: string },
): ServiceStatus {
  return restless.has(resourceIds.service(project, service.name))
    ? { ...service, health: "unhealthy" }
    : service;
}

/** It has no container between its runs: it is what is desired when nothing is left to be done. */
function withSchedule(
  service: ServiceStatus,
  { schedule, sync }: { schedule: ServiceSchedule | null } & Pick<InstanceStatus, "sync">,
): ServiceStatus {
  if (schedule === null) return service;
  const { want, have } = service.digest;
  const state =
    schedule.running !== null ? "running" : service.state === "absent" ? "scheduled" : service.state;
  const digest = { want, have: have === "" && sync === "in-sync" ? want : have };
  return { ...service, digest, state, schedule };
}

function buildServices(
  instance: DesiredInstance,
  { containers, images }: Pick<ObservedNode, "containers" | "images">,
): ServiceStatus[] {
  return instance.services.map((service) =>
    buildService(service, {
      images,
      containers: ownContainers(containers, { project: instance.project, service: service.name }),
      isToRun: instance.state === "running",
    }),
  );
}

export function ownContainers(
  containers: readonly ObservedContainer[],
  of: { project: string; service: string },
): ObservedContainer[] {
  return containers.filter(
    (each) => each.ownership === "ours" && each.project === of.project && each.service === of.service,
  );
}

function buildService(
  service: DesiredService,
  {
    containers,
    images,
    isToRun,
  }: { containers: readonly ObservedContainer[]; isToRun: boolean } & Pick<ObservedNode, "images">,
): ServiceStatus {
  const [first] = containers;
  const [{ digest: want }] = service.digests;
  const isSynced = first !== undefined && isInSync(first, service);
  return {
    name: service.name,
    image: describeImage(service, { first, images }),
    digest: { want, have: isSynced ? want : (first?.digest ?? "") },
    state: first?.state ?? "absent",
    // What is not to run is well when it does not; that it does is told by what is left to be done.
    health: isToRun ? serviceHealth(service, containers) : "healthy",
  };
}

/** The digest of a lock is told for itself, and not as a part of what the container was made from. */
function describeImage(
  service: DesiredService,
  { first, images }: { first: ObservedContainer | undefined } & Pick<ObservedNode, "images">,
): ServiceStatus["image"] {
  const { image: want, lockedImage } = service;
  const locked = lockedImage === undefined ? {} : { locked: lockedImage.digest };
  if (first === undefined) return { want, have: "", ...locked };
  const isSame = lockedImage !== undefined && runsLockedImage(first, service);
  return {
    want,
    have: nameOfImage(first, { want, isSame }),
    ...locked,
    digest: runningDigest(first, { images, lockedImage }),
  };
}

/** What was seen, never what is wanted: an image that a lock knows by its id alone is told by that. */
function runningDigest(
  container: ObservedContainer,
  { images, lockedImage }: { images: ObservedNode["images"]; lockedImage: LockedImage | undefined },
): string {
  const isNamed = container.imageDigests?.some((each) => each.endsWith(`@${lockedImage?.digest}`)) ?? false;
  return isNamed && lockedImage !== undefined ? lockedImage.digest : imageDigest(container, images);
}

/** What a container was made from, as a Compose file wrote it. */
export function nameOfImage(
  { image }: ObservedContainer,
  { want, isSame }: { want: string; isSame: boolean },
): string {
  if (isSame && image.startsWith("sha256:")) return want;
  const name = withoutDigest(image);
  const hasTag = name.lastIndexOf(":") > name.lastIndexOf("/");
  return !want.includes("@") && (hasTag || name === want) ? name : image;
}

/** As registries name the image that a container was made from; the image's id where none has it. */
export function imageDigest(container: ObservedContainer, images: ObservedNode["images"]): string {
  const found = ownOf(images, container.image);
  const digests = found?.id === container.imageId ? found.digests : [];
  return imageDigestOf({ imageDigests: digests, ...container });
}

/** Without a health check, running is all that can be said; so is that a job exited with 0, which it may have to. */
function serviceHealth(
  service: DesiredService,
  containers: readonly ObservedContainer[],
): InstanceStatus["health"] {
  if (containers.length < service.replicas) return "unhealthy";
  return worst(containers.map((container) => containerHealth(service, container)));
}

export function containerHealth(
  service: Pick<DesiredService, "oneShot" | "endAwaited">,
  container: ObservedContainer,
): InstanceStatus["health"] {
  if (service.oneShot && container.state === "exited")
    return container.exitCode === 0 ? "healthy" : "unhealthy";
  if (container.state !== "running") return "unhealthy";
  if (service.endAwaited) return "starting";
  if (container.settlesInMs !== undefined) return "unhealthy";
  if (container.health === "none") return "healthy";
  return container.health;
}

function worstHealth(services: readonly ServiceStatus[]): InstanceStatus["health"] {
  return worst(services.map(({ health }) => health));
}

export function worst(healths: readonly InstanceStatus["health"][]): InstanceStatus["health"] {
  const order = ["unhealthy", "unknown", "starting", "healthy"] as const;
  return order.find((health) => healths.includes(health)) ?? "healthy";
}

export function packageState(
  instance: Pick<DesiredInstance, "name" | "project">,
  observed: ObservedNode,
): PackageState {
  const containers = observed.containers.filter(
    (each) => each.ownership === "ours" && each.project === instance.project,
  );
  if (containers.some(({ state }) => state === "running" || state === "restarting")) return "running";
  if (containers.length > 0) return "installed";
  const hasFiles = observed.storedInstances.some((stored) => stored.instance === instance.name);
  return hasFiles ? "staged" : "absent";
}

function syncOf(instance: DesiredInstance, remaining: Plan | null): InstanceStatus["sync"] {
  if (remaining === null) return "unknown";
  const resources = [...remaining.operations, ...remaining.blocked].map(({ resource }) => resource);
  if (resources.includes(resourceIds.instance(instance.name))) return "out-of-sync";
  const open = resources.map((resource) => resource.slice(resource.indexOf(":") + 1));
  const named = new Set([...instance.networks, ...instance.volumes].map(({ name }) => name));
  const isOpen = open.some(
    (name) =>
      named.has(name) ||
      name === instance.project ||
      name.startsWith(`${instance.project}/`) ||
      name.startsWith(`${instance.project}_`),
  );
  return isOpen ? "out-of-sync" : "in-sync";
}
