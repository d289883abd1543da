import { type DesiredService, type Problem, hasServiceName } from "@keelson/model";

import { type FaultContext, concerning, hasContainers, sourcesOf } from "./fault-context.ts";
import { composeProblem } from "./place-of-problem.ts";

interface Named {
  project: string;
  service: DesiredService;
}

/** K1337: the engine gives a name to one container. */
export function findContainerNameFaults({ rendered, instances }: FaultContext): Problem[] {
  const services = sourcesOf({ rendered, instances })
    .filter(({ instance }) => hasContainers(instance))
    .flatMap(({ instance: { project, services: all }, source }) =>
      all.filter(({ replicas }) => replicas > 0).map((service) => ({ project, service, source })),
    );
  return services.flatMap(({ project, service, source }, index) => {
    const { name, containerName } = service;
    if (containerName === undefined) return [];
    const first = services.find(
      (other, at) =>
        (at < index || other.service.containerName === undefined) && mayHave(other, containerName),
    );
    if (first === undefined) return [];
    return [
      concerning(
        composeProblem(source, {
          code: "K1337",
          path: ["services", name, "container_name"],
          message: `${first.project}/${first.service.name} and ${project}/${name} would both have a container named ${containerName}`,
          hint: "Give one of them another container_name, let a variable be part of it, or leave it out.",
        }),
        [first.source.name, source.name],
      ),
    ];
  });
}

/** Whether a service can have a container of this name: the given one, or one that Compose gives. */
function mayHave({ project, service: { name, containerName } }: Named, wanted: string): boolean {
  return containerName === undefined
    ? hasServiceName(wanted, { project, service: name })
    : containerName === wanted;
}
