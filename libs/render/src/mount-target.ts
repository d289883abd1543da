import { type Problem, cleanPath, ownOf } from "@keelson/model";

import { type FaultContext, concerning, sourcesOf } from "./fault-context.ts";
import { memoryPaths } from "./mount-place.ts";
import { composeProblem } from "./place-of-problem.ts";

/** K1347: a mount at no path of a container. Compose resolves it; the engine refuses the container when it is to be made. */
export function findBadTargets({ rendered, instances }: FaultContext): Problem[] {
  return sourcesOf({ rendered, instances }).flatMap(({ instance, source }) =>
    instance.services.flatMap(({ name }) => {
      const service = ownOf(instance.compose.services, name);
      if (service === undefined) return [];
      const targets = [
        ...(service.volumes ?? []).map(({ target }, index) => ({ target, at: ["volumes", index] })),
        ...memoryPaths(service).map((target) => ({ target, at: ["tmpfs"] })),
      ];
      return targets
        .filter(({ target }) => !target.startsWith("/") || cleanPath(target) === "/")
        .map(({ target, at }) =>
          concerning(
            composeProblem(source, {
              code: "K1347",
              path: ["services", name, ...at],
              message: `${instance.project}/${name} mounts something at ${JSON.stringify(target)}, where the engine mounts nothing`,
              hint: wayOut(target),
            }),
            [source.name],
          ),
        );
    }),
  );
}

/** Compose reads `data:files` as a path alone: a volume's path in the container begins with a slash. */
function wayOut(target: string): string {
  if (target.startsWith("/")) return "Name a path below the root of the container, such as /data.";
  const [, source, path] = /^([^:]+):(.*)$/s.exec(target) ?? [];
  const below = (path ?? target).replace(/^(\.?\/)+/, "");
  const absolute = `/${below === "" ? "data" : below}`;
  return `Write the path in the container from its root: ${source === undefined ? absolute : `${source}:${absolute}`}`;
}
