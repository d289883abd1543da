import {
  type DesiredNode,
  type ObservedContainer,
  type ObservedInstanceFiles,
  type ObservedNode,
  compareText,
  modelFile,
  projectOf,
  resourceIds,
} from "@keelson/model";

import { because, isUndesired } from "./cause.ts";
import { namesOfHeld } from "./held-instance.ts";
import { isWithin } from "./host-path.ts";
import { wantsContainers } from "./service-change.ts";
import type { InstanceContext } from "./instance-context.ts";
import { isDraft, placedPaths } from "./mount-change.ts";
import type { PlannedOperation } from "./operation-graph.ts";
import { type OperationStep, keys } from "./operation-key.ts";

/** Removes what neither the desired state nor any container names; last, so that a failed change keeps its way back. */
export function planCollection(
  { change, observed, leaving, filesKept, staging }: InstanceContext,
  own: readonly PlannedOperation[],
): PlannedOperation[] {
  const { instance, stored } = change;
  if (stored === undefined || filesKept.has(instance.name)) return [];
  const recreated = [...change.services.values()]
    .filter(({ action }) => action === "recreate")
    .flatMap(({ containers }) => containers.kept);
  const isGoing = (each: ObservedContainer) => leaving.has(each) || recreated.includes(each);
  const staying = observed.containers.filter((each) => !isGoing(each));
  const wanted = instance.mounts.map((mount) => `${stored.folder}/${mount.target}`);
  const used = [...wanted, ...findUses(stored, { staying, observed })];
  // Without containers and networks there is nothing to run from the Compose file.
  const isModelOver = stored.hasModel === true && !wantsContainers(instance);
  const paths = [
    ...placedPaths(stored).filter((path) => isDraft(path) || !isUsed(path, { stored, used })),
    ...(isModelOver ? [modelFile] : []),
  ];
  if (paths.length === 0) return [];
  const steps = [...staging, ...own.map(({ key }) => key)].filter(
    ({ step, project }) => waysBack.has(step) && (project === "" || project === instance.project),
  );
  return [
    {
      key: keys.collect(instance.project),
      operation: {
        kind: "remove-files",
        resource: resourceIds.files(instance.project, ""),
        instance: instance.name,
        paths: paths.sort(compareText),
        causes: [because.desired("nothing uses them any more")],
        class: "live",
      },
      after: [
        ...steps,
        ...observed.containers
          .filter((each) => leaving.has(each) && bindsWithin(each, stored))
          .map(({ id }) => keys.remove(id)),
      ],
    },
  ];
}

/** Where one of these fails, what was there before may be needed again. */
const waysBack: ReadonlySet<OperationStep> = new Set([
  "place",
  "create",
  "start",
  "restart",
  "await",
  "signal",
  "record",
]);

/**
 * Removes all that is left of an instance which is desired no more, once no container names any of it: its rendered
 * secrets must not outlive it. Where a container stays, what that one binds stays with it.
 */
export function planAbandonedCollections({
  desired,
  observed,
  record,
  leaving,
  filesKept,
}: Pick<InstanceContext, "desired" | "observed" | "record" | "leaving" | "filesKept">): PlannedOperation[] {
  const staying = observed.containers.filter((each) => !leaving.has(each));
  const abandoned = findAbandoned(desired, observed).filter(({ instance }) => !filesKept.has(instance));
  return abandoned.flatMap((stored): PlannedOperation[] => {
    const project = projectOfAbandoned(stored, { desired, observed, record });
    const own = observed.containers.filter(
      (each) => each.project === project || each.instance === stored.instance,
    );
    const used = findUses(stored, { staying, observed });
    const isOver = used.length === 0 && !own.some((each) => staying.includes(each));
    const { hasModel = false, applied, fault } = stored;
    if (placedPaths(stored).length === 0 && !hasModel && applied === null && fault === null) return [];
    const paths = isOver ? ["."] : placedPaths(stored).filter((path) => !isUsed(path, { stored, used }));
    if (paths.length === 0) return [];
    const after = observed.containers
      .filter((each) => leaving.has(each) && (own.includes(each) || bindsWithin(each, stored)))
      .map(({ id }) => keys.remove(id));
    return [
      {
        key: keys.collect(project),
        operation: {
          kind: "remove-files",
          resource: resourceIds.files(project, ""),
          instance: stored.instance,
          paths: paths.sort(compareText),
          causes: [isUndesired],
          class: "live",
        },
        after,
      },
    ];
  });
}

/** What lies on the node of instances that are desired no more. What is held keeps all that it has. */
export function findAbandoned(desired: DesiredNode, observed: ObservedNode): ObservedInstanceFiles[] {
  const wanted = new Set([...desired.instances.map(({ name }) => name), ...namesOfHeld(desired)]);
  return observed.storedInstances
    .filter(({ instance }) => !wanted.has(instance))
    .sort((a, b) => compareText(a.instance, b.instance));
}

/** The project that its containers have, or had; where nobody knows of any, the one that instances have by default. */
export function projectOfAbandoned(
  { instance }: ObservedInstanceFiles,
  { desired, observed, record }: Pick<InstanceContext, "desired" | "observed" | "record">,
): string {
  const container = observed.containers.find((each) => each.instance === instance && each.project !== "");
  const [known] = record.applied?.services?.[instance] ?? [];
  return container?.project ?? known?.split("/")[0] ?? projectOf(desired.environment, instance);
}

/** Paths in the instance's folder that containers bind; who binds a folder above it depends on none of it. */
export function findUses(
  stored: ObservedInstanceFiles,
  { staying, observed }: { staying: readonly ObservedContainer[]; observed: ObservedNode },
): string[] {
  const binds = [...staying.flatMap((each) => each.binds), ...(observed.otherBinds ?? [])];
  return binds.filter((path) => isWithin(path, stored.folder)).sort(compareText);
}

function bindsWithin({ binds }: ObservedContainer, { folder }: ObservedInstanceFiles): boolean {
  return binds.some((path) => isWithin(path, folder));
}

function isUsed(
  path: string,
  { stored, used }: { stored: ObservedInstanceFiles; used: readonly string[] },
): boolean {
  const whole = `${stored.folder}/${path}`;
  return used.some((each) => isWithin(whole, each) || isWithin(each, whole));
}
