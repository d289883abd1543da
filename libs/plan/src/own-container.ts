import type { ObservedContainer, ObservedNode } from "@keelson/model";

/** Containers of a service that this node made. */
export function findOwn(
  { containers }: ObservedNode,
  { project, service }: { project: string; service: string },
): ObservedContainer[] {
  return containers.filter(
    (each) => each.ownership === "ours" && each.project === project && each.service === service,
  );
}
