import type { DesiredService, Problem } from "@keelson/model";

import { type FaultContext, concerning, hasContainers, sourcesOf } from "./fault-context.ts";
import { composeProblem, environmentProblem } from "./place-of-problem.ts";

/** K1339: what only one container can have keeps a service from having more. */
export function findCountFaults({ rendered, instances, repository }: FaultContext): Problem[] {
  const { environment } = rendered;
  return sourcesOf({ rendered, instances })
    .filter(({ instance }) => hasContainers(instance))
    .flatMap(({ instance, source }) =>
      instance.services.flatMap((service) => {
        const [single] = service.replicas > 1 ? singlesOf(service) : [];
        if (single === undefined) return [];
        const { name, replicas } = service;
        const fault = {
          code: "K1339",
          message: `${instance.project}/${name} would have ${replicas} containers, and only one can have ${single.what}`,
          hint: `Let it have one container, or leave out ${single.key}.`,
        };
        const problem = Object.hasOwn(source.scale, name)
          ? environmentProblem(
              { environment, repository },
              { ...fault, path: ["instances", instance.name, "scale", name] },
            )
          : composeProblem(source, { ...fault, path: ["services", name, single.key] });
        return concerning(problem, [instance.name]);
      }),
    );
}

function singlesOf({ containerName, ports: [port] }: DesiredService): { key: string; what: string }[] {
  return [
    ...(containerName === undefined ? [] : [{ key: "container_name", what: `the name ${containerName}` }]),
    ...(port === undefined ? [] : [{ key: "ports", what: `port ${port.port}/${port.protocol}` }]),
  ];
}
