import { type DesiredService, type Problem, hasServiceName } from "@keelson/model";

import { type FaultContext, concerning, hasContainers, sourcesOf } from "./fault-context.ts";
import { composeProblem } from "./place-of-problem.ts";

interface Named {
  project: string;
  service: DesiredService;
}

/** K1337: the engine gives a name to one container. */
export function findContainerNameFaults({ rendered, instances }: FaultContext): Problem[] {
  const all = sourcesOf({ rendered, instances })
    .filter(({ instance }) => hasContainers(instance))
    .flatMap(({ instance: { project, services }, source }) =>
      services.filter(({ replicas }) => replicas > 0).map((service) => ({ project, service, source })),
    );
  // Who gives a name comes after those that have theirs by Compose's rule.
  const services = [false, true].flatMap((isGiven) =>
    all.filter(({ service }) => (service.containerName !== undefined) === isGiven),
  );
  return services.flatMap((named, index) => {
    const { project, service, source } = named;
    const { name, containerName } = service;
    const first = services.slice(0, index).find((other) => mayShareName(named, other));
    if (first === undefined) return [];
    const isGiven = containerName !== undefined;
    const problem = composeProblem(source, {
      code: "K1337",
      path: ["services", name, ...(isGiven ? ["container_name"] : [])],
      message: `${first.project}/${first.service.name} and ${project}/${name} would both have a container named ${containerName ?? `${project}-${name}-1`}`,
      hint: isGiven
        ? "Give one of them another container_name, let a variable be part of it, or leave it out."
        : "Give one of them a container_name, or another name.",
    });
    // Who gives a name takes it from the one that has it by Compose's rule.
    const isAtFaultAlone = isGiven && first.service.containerName === undefined;
    return [concerning(problem, [...(isAtFaultAlone ? [] : [first.source.name]), source.name])];
  });
}

/**
 * Whether both can have a container of one name: the given one, or one that Compose gives, `<project>-<service>-<n>`.
 * That two instances are one project is another problem (K1132), and names by Compose's rule add nothing to it.
 */
function mayShareName(named: Named, first: Named): boolean {
  const wanted = named.service.containerName;
  if (wanted === undefined)
    return named.project !== first.project && composeName(named) === composeName(first);
  const { project, service } = first;
  return service.containerName === undefined
    ? hasServiceName(wanted, { project, service: service.name })
    : service.containerName === wanted;
}

function composeName({ project, service: { name } }: Named): string {
  return `${project}-${name}`;
}
