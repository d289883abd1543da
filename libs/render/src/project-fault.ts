import { type EnvironmentFolder, type Problem, keyPath, problemAt, quote } from "@keelson/model";

import { concerning } from "./fault-context.ts";
import { type PlacedInstance, layerOfInstance } from "./placement.ts";

/** K1132: two instances of a node would be one Compose project, and each would take the other's containers for its own. */
export function findSharedProjects(
  placed: readonly PlacedInstance[],
  environment: EnvironmentFolder,
): Problem[] {
  const owners = new Map<string, string>();
  return placed.flatMap(({ name, project }) => {
    const owner = owners.get(project);
    owners.set(project, owner ?? name);
    if (owner === undefined) return [];
    return [
      concerning(
        problemAt(layerOfInstance(environment, name), {
          code: "K1132",
          path: keyPath(["instances", name, "project"]),
          message: `instance ${quote(name)} would have the Compose project ${quote(project)}, which instance ${quote(owner)} of this node has`,
          hint: "Give one of them another `project`, or place them on different nodes.",
          part: "value",
        }),
        [owner, name],
      ),
    ];
  });
}
