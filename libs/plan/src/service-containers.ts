import {
  type DesiredInstance,
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
  on: { instance: DesiredInstance; observed: ObservedNode; record: RecordState },
): ServiceContainers {
  const claiming = on.observed.containers.filter(
    (container) => container.project === on.instance.project && container.service === service.name,
  );
  const ours = claiming.filter((container) => container.ownership === "ours");
  const copies = findCopies(ours, on.record);
  const candidates = ours
    .filter((container) => !copies.has(container.id))
    .sort((a, b) => rank(b, service) - rank(a, service) || compareText(a.name, b.name));
  return {
    kept: candidates.slice(0, service.replicas),
    extra: candidates.slice(service.replicas),
    foreign: claiming.filter((container) => container.ownership !== "ours" || copies.has(container.id)),
  };
}

/** A container that the record does not know, beside one it does under the same name, is a copy of our labels. */
function findCopies(ours: readonly ObservedContainer[], record: RecordState): Set<string> {
  const known = new Set(
    ours.filter((each) => record.containers[each.id] !== undefined).map((each) => plainName(each.name)),
  );
  return new Set(
    ours
      .filter(
        (each) =>
          record.containers[each.id] === undefined &&
          leftoverName(each.name) === null &&
          known.has(each.name),
      )
      .map((each) => each.id),
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

function plainName(name: string): string {
  return leftoverName(name) ?? name;
}
