import {
  type DesiredInstance,
  type DesiredNode,
  type DesiredService,
  type ObservedContainer,
  type ObservedNode,
  type RecordState,
  compareText,
} from "@keelson/model";

/** The containers that claim to be a service, sorted into what may be done with them. */
export interface ServiceContainers {
  /** As many as the service wants, best first. */
  kept: ObservedContainer[];
  /** Ours, and more than wanted: left by a killed Compose or a smaller number of replicas. */
  extra: ObservedContainer[];
  /** Not ours: never touched, and reason enough not to let Compose near the service. */
  foreign: ObservedContainer[];
}

/** Which containers a service has. A kept one may still differ from what is desired. */
export function findContainers(
  service: DesiredService,
  on: { instance: DesiredInstance; observed: ObservedNode; copies: ReadonlySet<string> },
): ServiceContainers {
  const claiming = on.observed.containers.filter(
    (container) => container.project === on.instance.project && container.service === service.name,
  );
  const isOurs = (container: ObservedContainer) =>
    container.ownership === "ours" && !on.copies.has(container.id);
  const candidates = claiming
    .filter(isOurs)
    .sort((a, b) => rank(b, service) - rank(a, service) || compareText(a.name, b.name));
  return {
    kept: candidates.slice(0, service.replicas),
    extra: candidates.slice(service.replicas),
    foreign: claiming.filter((container) => !isOurs(container)),
  };
}

/**
 * Ids of containers with a valid owner label that were not made here: somebody copied all labels of one that was.
 * Such a copy is unknown to the record while an original is known, and has a number that the service does not reach.
 */
export function findCopies(
  desired: DesiredNode,
  on: { observed: ObservedNode; record: RecordState },
): Set<string> {
  const known = new Set(
    on.observed.containers
      .filter(({ id }) => on.record.containers[id] !== undefined)
      .map(({ project, service }) => `${project}/${service}`),
  );
  const replicas = new Map<string, number>(
    desired.instances.flatMap(({ project, services }) =>
      services.map((service) => [`${project}/${service.name}`, service.replicas] as const),
    ),
  );
  const isCopy = ({ id, name, project, service }: ObservedContainer) => {
    const key = `${project}/${service}`;
    if (on.record.containers[id] !== undefined || !known.has(key) || leftoverName(name) !== null)
      return false;
    return Number(/-(\d+)$/.exec(name)?.[1] ?? Infinity) > (replicas.get(key) ?? 0);
  };
  return new Set(
    on.observed.containers.filter((each) => each.ownership === "ours" && isCopy(each)).map(({ id }) => id),
  );
}

/** Better ones are kept: the right digest first, then a running one, then one with its proper name. */
function rank(container: ObservedContainer, service: DesiredService): number {
  const hasDigest = container.digest === service.digest ? 4 : 0;
  const isRunning = container.state === "running" ? 2 : 0;
  return hasDigest + isRunning + (leftoverName(container.name) === null ? 1 : 0);
}

/** The proper name of a container that a killed Compose left as `<12 hex>_<name>`; null for a proper one. */
export function leftoverName(name: string): string | null {
  return /^[0-9a-f]{12}_(.+)$/.exec(name)?.[1] ?? null;
}
