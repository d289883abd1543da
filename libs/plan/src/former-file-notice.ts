import { type Notice, compareText, resourceIds } from "@keelson/model";

import { findBoundFiles } from "./adopted-place.ts";
import type { InstanceChange } from "./service-change.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** What containers that were adopted, and that stay as they are, bind from there and that is not what Git has. */
export function findFormerFiles(
  { desired, observed }: Pick<SimulatedNode, "desired" | "observed">,
  changes: readonly InstanceChange[],
): Notice[] {
  const staying = changes
    .flatMap(({ services }) => [...services.values()])
    .filter(({ action }) => action === "none" || action === "start")
    .flatMap(({ containers }) => containers.kept);
  const isSame = (path: string, target: string) =>
    observed.sameFiles?.some((each) => each.path === path && each.target === target) === true;
  return findBoundFiles(desired, observed)
    .filter(({ container }) => container.bindPaths !== undefined && staying.includes(container))
    .filter(({ path, mount }) => !isSame(path, mount.target))
    .map(({ container: { name, project, service }, path }) => ({
      resource: resourceIds.service(project, service),
      code: "K9098",
      message: `container ${name}, which was adopted, binds ${path}, and what lies there is not what Git has; it goes on with that until its next change`,
    }))
    .sort((a, b) => compareText(a.message, b.message));
}
