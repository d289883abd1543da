import {
  type DesiredNode,
  type ObservedContainer,
  type ObservedNode,
  type RecordState,
  count,
  required,
  resourceIds,
  ownOf,
  shortId,
} from "@keelson/model";

import type { Adoption } from "./adoption.ts";
import { because } from "./cause.ts";
import type { PlannedOperation } from "./operation-graph.ts";
import { keys } from "./operation-key.ts";

/** Takes note of what is adopted, before anything else is done: a kill in between leaves it adopted and as it is. */
export function planAdoptions(
  adoptions: readonly Adoption[],
  { adoptable = [] }: Pick<ObservedNode, "adoptable">,
): PlannedOperation[] {
  return adoptions.map(({ instance, containers, networks, volumes }) => ({
    key: keys.adopt(instance.project),
    operation: {
      kind: "adopt-project",
      resource: resourceIds.instance(instance.name),
      instance: instance.name,
      project: instance.project,
      containers: containers.map((container) => ({
        id: container.id,
        name: container.name,
        service: container.service,
        accepted: container.accepted ?? null,
        fingerprint: required(
          adoptable.find(({ id }) => id === container.id),
          `what is told of ${container.name}`,
        ).fingerprint,
      })),
      networks: [...networks],
      volumes: [...volumes],
      causes: [because.desired(describe({ containers, networks, volumes }))],
      class: "live",
    },
    after: [],
  }));
}

function describe({ containers, networks, volumes }: Omit<Adoption, "instance">): string {
  const parts = [
    containers.length === 0 ? [] : [count(containers.length, "container")],
    networks.length === 0 ? [] : [count(networks.length, "network")],
    volumes.length === 0 ? [] : [count(volumes.length, "volume")],
  ].flat();
  const differing = containers.filter(({ differs = [] }) => differs.length > 0).length;
  return `takes over ${parts.join(", ")}; ${differing === 0 ? "0 restarts" : `${differing} to recreate`}`;
}

/** Each operation after all adoptions: what an instance has must be its own before anything is done with it. */
export function afterAdoptions(
  planned: readonly PlannedOperation[],
  adoptions: readonly PlannedOperation[],
): PlannedOperation[] {
  const first = adoptions.map(({ key }) => key);
  const later = planned.map(({ parts, ...each }) => ({
    ...each,
    after: [...each.after, ...first],
    ...(parts === undefined
      ? {}
      : { parts: parts.map((part) => ({ ...part, after: [...part.after, ...first] })) }),
  }));
  return [...adoptions, ...later];
}

/** What instances have that are to be released. */
export function planReleases({
  desired,
  observed,
  record,
}: {
  desired: DesiredNode;
  observed: ObservedNode;
  record: RecordState;
}): PlannedOperation[] {
  return desired.instances
    .filter(({ state }) => state === "released")
    .flatMap(({ name, project }): PlannedOperation[] => {
      const isOwn = (each: { ownership: string; project: string }) =>
        each.ownership === "ours" && each.project === project;
      const containers = observed.containers.filter(isOwn).map(({ id }: ObservedContainer) => id);
      // A record that names none takes each for its own, also one that was released.
      const isNamed = ({ id, name: network }: { id: string; name: string }) =>
        ownOf(record.networks, network) === id || record.loss?.made.includes(shortId(id)) === true;
      const networks = observed.networks
        .filter((each) => isOwn(each) && isNamed(each))
        .map(({ id, name: network }) => ({ id, name: network }));
      const volumes = observed.volumes
        .filter((each) => isOwn(each) && ownOf(record.volumes, each.name) !== undefined)
        .map((each) => each.name);
      if (containers.length + networks.length + volumes.length === 0) return [];
      return [
        {
          key: keys.release(project),
          operation: {
            kind: "release-project",
            resource: resourceIds.instance(name),
            instance: name,
            project,
            containers,
            networks,
            volumes,
            causes: [
              because.desired(
                `is released: ${count(containers.length, "container")} left as ${containers.length === 1 ? "it is" : "they are"}`,
              ),
            ],
            class: "live",
          },
          after: [],
        },
      ];
    });
}
