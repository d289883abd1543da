import {
  type DesiredNode,
  type ObservedContainer,
  type ObservedInstanceFiles,
  type ObservedNode,
  compareText,
  projectOf,
  resourceIds,
} from "@keelson/model";

import type { InstanceContext } from "./instance-context.ts";
import { isDraft, placedPaths } from "./mount-change.ts";
import type { OperationGraph } from "./operation-graph.ts";
import { keys } from "./operation-key.ts";
import type { InstanceChange } from "./service-change.ts";

/** Removes what neither the desired state nor any container names; last, so that a failed change keeps its way back. */
export function addCollection({ graph, change, observed }: InstanceContext): void {
  const { instance, stored } = change;
  if (stored === undefined) return;
  const { staying, leaving } = sortContainers(change, { graph, observed });
  const wanted = instance.mounts.map((mount) => `${stored.folder}/${mount.target}`);
  const used = [...wanted, ...findUses(stored, { staying, observed })];
  const paths = placedPaths(stored).filter((path) => isDraft(path) || !isUsed(path, { stored, used }));
  if (paths.length === 0) return;
  const steps = ["place", "create", "start", "restart", "await", "signal", "record"];
  graph.add(
    keys.collect(instance.project),
    {
      kind: "remove-files",
      resource: resourceIds.files(instance.project, ""),
      instance: instance.name,
      paths: paths.sort(compareText),
      causes: ["nothing uses them any more"],
      class: "live",
    },
    [
      ...steps.flatMap((step) => graph.keys(`${step}:${instance.project}/`)),
      ...leaving.map(({ id }) => keys.remove(id)),
    ],
  );
}

/**
 * Removes all that is left of an instance which is desired no more, once no container names any of it: its rendered
 * secrets must not outlive it. Where a container stays, what that one binds stays with it.
 */
export function addAbandonedCollections(
  graph: OperationGraph,
  on: { desired: DesiredNode; observed: ObservedNode },
): void {
  const { desired, observed } = on;
  for (const stored of findAbandoned(desired, observed)) {
    const project = projectOf(desired.environment, stored.instance);
    const isLeaving = ({ id }: ObservedContainer) => graph.has(keys.remove(id));
    const staying = observed.containers.filter((each) => !isLeaving(each));
    const used = findUses(stored, { staying, observed });
    const isOver = used.length === 0 && !staying.some((each) => each.project === project);
    if (placedPaths(stored).length === 0 && stored.applied === null && stored.fault === null) continue;
    const paths = isOver ? ["."] : placedPaths(stored).filter((path) => !isUsed(path, { stored, used }));
    if (paths.length === 0) continue;
    graph.add(
      keys.collect(project),
      {
        kind: "remove-files",
        resource: resourceIds.files(project, ""),
        instance: stored.instance,
        paths: paths.sort(compareText),
        causes: ["is no longer desired"],
        class: "live",
      },
      observed.containers.filter(isLeaving).map(({ id }) => keys.remove(id)),
    );
  }
}

/** What lies on the node of instances that are desired no more. */
export function findAbandoned(desired: DesiredNode, observed: ObservedNode): ObservedInstanceFiles[] {
  const wanted = new Set(desired.instances.map(({ name }) => name));
  return observed.storedInstances
    .filter(({ instance }) => !wanted.has(instance))
    .sort((a, b) => compareText(a.instance, b.instance));
}

/** Paths in the instance's folder that containers bind; who binds a folder above it depends on none of it. */
export function findUses(
  stored: ObservedInstanceFiles,
  on: { staying: readonly ObservedContainer[]; observed: ObservedNode },
): string[] {
  const binds = [...on.staying.flatMap((each) => each.binds), ...(on.observed.otherBinds ?? [])];
  return binds.filter((path) => isWithin(path, stored.folder)).sort(compareText);
}

function isUsed(path: string, on: { stored: ObservedInstanceFiles; used: readonly string[] }): boolean {
  const whole = `${on.stored.folder}/${path}`;
  return on.used.some((each) => isWithin(whole, each) || isWithin(each, whole));
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** All containers of the node, whoever made them: those that keep what they bind, and those that this plan takes away. */
function sortContainers(
  change: InstanceChange,
  on: { graph: OperationGraph; observed: ObservedNode },
): { staying: ObservedContainer[]; leaving: ObservedContainer[] } {
  const recreated = new Set(
    [...change.services.values()]
      .filter(({ action }) => action === "recreate")
      .flatMap(({ containers }) => containers.kept),
  );
  const isLeaving = (each: ObservedContainer) => recreated.has(each) || on.graph.has(keys.remove(each.id));
  return {
    staying: on.observed.containers.filter((each) => !isLeaving(each)),
    leaving: on.observed.containers.filter(isLeaving),
  };
}
