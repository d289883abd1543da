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
  const hasItsName = ({ name }: ObservedContainer) =>
    service.containerName === undefined && hasServiceName(name, { project, service: service.name });
  const isClaiming = (each: ObservedContainer) =>
    (each.project === project && each.service === service.name) ||
    (each.ownership !== "ours" && hasItsName(each));
  const claiming = observed.containers.filter(isClaiming);
  const isOurs = (each: ObservedContainer) => each.ownership === "ours";
  const candidates = claiming
    .filter(isOurs)
    .sort((a, b) => rank(b, service) - rank(a, service) || compareText(a.name, b.name));
  const kept = onePerPlace(candidates).slice(0, service.replicas);
  return {
    kept,
    extra: candidates.filter((each) => !kept.includes(each)),
    foreign: claiming.filter((each) => !isOurs(each)),
  };
}

/** Better ones are kept: the right digest first, then a low number, then a running one, then a proper name. */
function rank(container: ObservedContainer, service: DesiredService): number {
  const hasDigest = isInSync(container, service) ? 8 : 0;
  const isInPlace = isNamedFor(service, container) ? 4 : 0;
  const isRunning = container.state === "running" ? 2 : 0;
  return hasDigest + isInPlace + isRunning + (isLeftoverName(container.name) ? 0 : 1);
}

function isNamedFor(
  { containerName, replicas }: DesiredService,
  { name, number }: ObservedContainer,
): boolean {
  if (containerName !== undefined) return properName(name) === containerName;
  return (number ?? containerNumber(name) ?? Infinity) <= replicas;
}

/** A replacement that was interrupted leaves two containers for one place. */
function onePerPlace(candidates: readonly ObservedContainer[]): ObservedContainer[] {
  const places = candidates.map(placeOf);
  return candidates.filter((each, index) => places.indexOf(placeOf(each)) === index);
}

/** Which of a service's containers one is, or is to be: its name can be another one for a while. */
export function placeOf({ name, number }: ObservedContainer): string {
  return number === undefined ? properName(name) : String(number);
}
