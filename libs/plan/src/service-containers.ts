import {
  type DesiredInstance,
  type DesiredService,
  type ObservedContainer,
  type ObservedNode,
  compareText,
  containerNumber,
  hasServiceName,
  isLeftoverName,
  properName,
  isInSync,
} from "@keelson/model";

/** The containers that claim to be a service, sorted into what may be done with them. */
export interface ServiceContainers {
  /** As many as the service wants, best first. */
  readonly kept: readonly ObservedContainer[];
  /** Ours, and more than wanted: left by a killed Compose or a smaller number of replicas. */
  readonly extra: readonly ObservedContainer[];
  /** Not ours: never touched, and reason enough not to let Compose near the service. */
  readonly foreign: readonly ObservedContainer[];
}

/** Which containers a service has. A kept one may still differ from what is desired. */
export function findContainers(
  service: DesiredService,
  { instance, observed }: { instance: DesiredInstance; observed: ObservedNode },
): ServiceContainers {
  const { project } = instance;
  const isClaiming = (each: ObservedContainer) =>
    (each.project === project && each.service === service.name) ||
    (each.ownership !== "ours" && hasServiceName(each.name, { project, service: service.name }));
  const claiming = observed.containers.filter(isClaiming);
  const isOurs = (each: ObservedContainer) => each.ownership === "ours";
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
  const hasDigest = isInSync(container, service) ? 8 : 0;
  const isInPlace = (containerNumber(container.name) ?? Infinity) <= service.replicas ? 4 : 0;
  const isRunning = container.state === "running" ? 2 : 0;
  return hasDigest + isInPlace + isRunning + (isLeftoverName(container.name) ? 0 : 1);
}

/** A replacement that was interrupted leaves two containers for one place. */
function onePerName(candidates: readonly ObservedContainer[]): ObservedContainer[] {
  const names = candidates.map(({ name }) => properName(name));
  return candidates.filter((_, index) => names.indexOf(names[index] ?? "") === index);
}
