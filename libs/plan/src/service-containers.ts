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
  const { project } = on.instance;
  const isClaiming = (each: ObservedContainer) =>
    (each.project === project && each.service === service.name) ||
    (each.ownership !== "ours" && hasNameOf(each, `${project}-${service.name}`));
  const claiming = on.observed.containers.filter(isClaiming);
  const isOurs = (each: ObservedContainer) => each.ownership === "ours" && !on.copies.has(each.id);
  const candidates = claiming
    .filter(isOurs)
    .sort((a, b) => rank(b, service) - rank(a, service) || compareText(a.name, b.name));
  const kept = onePerName(candidates).slice(0, service.replicas);
  return {
    kept,
    extra: candidates.filter((each) => !kept.includes(each)),
    foreign: claiming.filter((each) => !isOurs(each)),
  };
}

/** Better ones are kept: the right digest first, then a low number, then a running one, then a proper name. */
function rank(container: ObservedContainer, service: DesiredService): number {
  const hasDigest = container.digest === service.digest ? 8 : 0;
  const isInPlace = numberOf(container.name) <= service.replicas ? 4 : 0;
  const isRunning = container.state === "running" ? 2 : 0;
  return hasDigest + isInPlace + isRunning + (leftoverName(container.name) === null ? 1 : 0);
}

/** A replacement that was interrupted leaves two containers for one place. */
function onePerName(candidates: readonly ObservedContainer[]): ObservedContainer[] {
  const names = candidates.map(({ name }) => settledName(name));
  return candidates.filter((_, index) => names.indexOf(names[index] ?? "") === index);
}

/**
 * Ids of containers with a valid owner label that were not made here: somebody copied all labels of one that was.
 * Of those that the record does not know, only as many can be ours as the known ones leave places free; a killed
 * Compose leaves such. Without any known one nothing can be told.
 */
export function findCopies(
  desired: DesiredNode,
  on: { observed: ObservedNode; record: RecordState },
): Set<string> {
  const replicas = new Map<string, number>(
    desired.instances.flatMap(({ project, services }) =>
      services.map((service) => [`${project}/${service.name}`, service.replicas] as const),
    ),
  );
  const services = new Map<string, ObservedContainer[]>();
  for (const container of on.observed.containers) {
    if (container.ownership !== "ours") continue;
    const key = `${container.project}/${container.service}`;
    services.set(key, [...(services.get(key) ?? []), container]);
  }
  const isKnown = ({ id }: ObservedContainer) => on.record.containers[id] !== undefined;
  return new Set(
    [...services].flatMap(([key, containers]) => {
      if (!containers.some(isKnown)) return [];
      const settled = containers.filter((each) => isKnown(each) || leftoverName(each.name) !== null);
      const places = new Set(settled.map(({ name }) => settledName(name))).size;
      return containers
        .filter((each) => !settled.includes(each))
        .sort((a, b) => numberOf(a.name) - numberOf(b.name) || compareText(a.name, b.name))
        .slice(Math.max(0, (replicas.get(key) ?? 0) - places))
        .map(({ id }) => id);
    }),
  );
}

/** The proper name of a container that a killed Compose left as `<12 hex>_<name>`; null for a proper one. */
export function leftoverName(name: string): string | null {
  return /^[0-9a-f]{12}_(.+)$/.exec(name)?.[1] ?? null;
}

function settledName(name: string): string {
  return leftoverName(name) ?? name;
}

/** Compose counts the containers of a service in their names; a new one gets the highest number and one. */
function numberOf(name: string): number {
  return Number(/-(\d+)$/.exec(name)?.[1] ?? Infinity);
}

function hasNameOf(container: ObservedContainer, prefix: string): boolean {
  const name = settledName(container.name);
  return name.startsWith(`${prefix}-`) && /^\d+$/.test(name.slice(prefix.length + 1));
}
