import { type DesiredInstance, type ObservedContainer, type RecordState } from "@keelson/model";

import { hasProcess } from "./container-state.ts";
import type { ServiceChange } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";
import { placeOf } from "./service-containers.ts";
import { partsOfVolume } from "./volume-use.ts";

/** One service by what it has and what is wanted of it, in places: replicas, whoever fills them. */
export interface ServicePlaces {
  instance: string;
  name: string;
  /** Places that are filled, or are about to be filled again. */
  have: number;
  /** Places that are filled now and that nothing fills afterwards. */
  lost: number;
}

export interface Share {
  what: string;
  lost: number;
  of: number;
}

interface PlacesInput {
  changes: readonly InstanceChange[];
  undesired: readonly ObservedContainer[];
  record: RecordState;
}

/** Of the services that have anything that counts, desired or not. What only gets another name fills the place that it had. */
export function countServices({ changes, undesired, record }: PlacesInput): ServicePlaces[] {
  const left = Map.groupBy(undesired, serviceOf);
  const desired = changes.flatMap(({ instance, services }) =>
    [...services.values()].map((change) => {
      const { service, containers } = change;
      const name = `${instance.project}/${service.name}`;
      const former = `${findFormerProject(instance)}/${service.name}`;
      // Of what is to be installed only those that run are disturbed.
      const isFilled =
        instance.state === "installed"
          ? hasProcess
          : (each: ObservedContainer) => counts(each, service.oneShot);
      const filled = Math.max(
        countPlaces([...containers.kept, ...containers.extra].filter(isFilled)),
        countPlaces((left.get(former) ?? []).filter(isFilled)),
      );
      left.delete(former);
      // What is to be installed or staged does not run any more, as little as what is to be absent.
      const wanted = instance.state === "running" ? service.replicas : 0;
      // What is missing now is made again whatever is withheld: then, too, it must come to the same.
      const isHealed = !service.oneShot && !isUnknown(change, { name, record });
      const have = isHealed ? Math.max(filled, wanted) : filled;
      return { instance: instance.name, name, have, lost: Math.max(0, filled - wanted) };
    }),
  );
  const ended = record.applied?.oneShots;
  const gone = [...left].map(([name, containers]) => {
    // Of what was never applied, or by an earlier version, it is not known.
    const isOneShot = ended === undefined || ended.includes(name);
    const have = countPlaces(containers.filter((each) => counts(each, isOneShot)));
    return { instance: containers[0]?.instance ?? "", name, have, lost: have };
  });
  return [...desired, ...gone].filter(({ have }) => have > 0);
}

/** The project that an instance had under the name that it `was`: its volumes still have it. Null for any other. */
function findFormerProject({ project, volumes }: DesiredInstance): string | null {
  const projects = volumes.map(({ name }) => partsOfVolume(name).project);
  return projects.find((each) => each !== project) ?? null;
}

/** Never seen here; what only lost its containers is not. */
export function isUnknown(
  change: ServiceChange,
  { name, record }: { name: string; record: RecordState },
): boolean {
  return isNew(change) && record.serviceParts[name] === undefined;
}

export function isNew({ containers: { kept, extra } }: ServiceChange): boolean {
  return kept.length + extra.length === 0;
}

/** Two containers for one place are left by a replacement that was interrupted. */
export function countPlaces(containers: readonly ObservedContainer[]): number {
  return new Set(containers.map(placeOf)).size;
}

/**
 * What runs, or should: it went down with a failure or the machine. One that was never started, and a one-shot that ended
 * with 0, do nothing that anybody would miss.
 */
function counts(container: ObservedContainer, isOneShot: boolean): boolean {
  if (hasProcess(container)) return true;
  return container.state !== "created" && !(isOneShot && container.exitCode === 0);
}

/** Each on its own: a node can lose most of its services with one large one left, and most of one large one. */
export function findShares(services: readonly ServicePlaces[]): Share[] {
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const isGone = ({ have, lost }: ServicePlaces) => lost === have;
  const instances = [...Map.groupBy(services, ({ instance }) => instance).values()];
  return [
    {
      what: "containers",
      lost: sum(services.map(({ lost }) => lost)),
      of: sum(services.map(({ have }) => have)),
    },
    { what: "services", lost: services.filter(isGone).length, of: services.length },
    {
      what: "instances",
      lost: instances.filter((of) => of.every(isGone)).length,
      of: instances.length,
    },
  ];
}

function serviceOf({ project, service }: ObservedContainer): string {
  return `${project}/${service}`;
}
