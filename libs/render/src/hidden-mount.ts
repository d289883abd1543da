import { type DesiredInstance, type DesiredService, type Problem, cleanPath, ownOf } from "@keelson/model";

import { type FaultContext, concerning, sourcesOf } from "./fault-context.ts";
import { composeProblem } from "./place-of-problem.ts";

/**
 * K1341: two mounts of a service at one path, however that is written. The engine refuses `/data` twice, and takes `/data` and
 * `/data/`: then one of them hides what is in the other.
 */
export function findHiddenMounts({ rendered, instances }: FaultContext): Problem[] {
  return sourcesOf({ rendered, instances }).flatMap(({ instance, source }) =>
    instance.services.flatMap((service) => {
      const paths = pathsOf(service, instance);
      const twice = paths.filter((path, index) => paths.indexOf(path) < index);
      return [...new Set(twice)].map((path) =>
        concerning(
          composeProblem(source, {
            code: "K1341",
            path: ["services", service.name, "volumes"],
            message: `${instance.project}/${service.name} has two mounts at ${path}, and one of them hides the other`,
            hint: "Take one of them away, or give it another path.",
          }),
          [source.name],
        ),
      );
    }),
  );
}

function pathsOf({ name, places }: DesiredService, { compose }: DesiredInstance): string[] {
  const { configs = [], secrets = [] } = ownOf(compose.services, name) ?? {};
  const targets = [
    ...configs.map(({ source, target = source }) => (target.startsWith("/") ? target : `/${target}`)),
    ...secrets.map(({ source, target = source }) =>
      target.startsWith("/") ? target : `/run/secrets/${target}`,
    ),
  ];
  return [...places.map(({ path }) => path), ...targets.map(cleanPath)];
}
