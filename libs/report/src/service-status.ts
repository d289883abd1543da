import {
  type DesiredInstance,
  type DesiredService,
  type InstanceStatus,
  type LockedImage,
  type ObservedContainer,
  type ObservedNode,
  type ServiceSchedule,
  type ServiceStatus,
  imageDigestOf,
  isInSync,
  ownOf,
  resourceIds,
  runsLockedImage,
  withoutDigest,
} from "@keelson/model";

/** What ends again and again is not well, though it may run just now. */
export function withUnrest(
  service: ServiceStatus,
  { restless, project }: { restless: ReadonlySet<string>; project: string },
): ServiceStatus {
  return restless.has(resourceIds.service(project, service.name))
    ? { ...service, health: "unhealthy" }
    : service;
}

/** It has no container between its runs: it is what is desired when nothing is left to be done. */
export function withSchedule(
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

/** The services of an instance as they were seen, in its order. */
export function buildServices(
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
  const { imageDigests = [] } = container;
  if (lockedImage !== undefined && imageDigests.some((each) => each.endsWith(`@${lockedImage.digest}`)))
    return lockedImage.digest;
  return imageDigest(container, images);
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

export function worstHealth(services: readonly ServiceStatus[]): InstanceStatus["health"] {
  return worst(services.map(({ health }) => health));
}

export function worst(healths: readonly InstanceStatus["health"][]): InstanceStatus["health"] {
  const order = ["unhealthy", "unknown", "starting", "healthy"] as const;
  return order.find((health) => healths.includes(health)) ?? "healthy";
}
