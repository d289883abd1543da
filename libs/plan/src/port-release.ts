import type { HeldPort, ObservedContainer, ObservedNode, PublishedPort } from "@keelson/model";
import { required } from "@keelson/model";

import { type Dependency, type OperationKey, ifPlanned, keys } from "./operation-key.ts";
import { type ServiceChange, removedContainers } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";

export interface ReleaseContext {
  observed: ObservedNode;
  changes: readonly InstanceChange[];
  /** Containers that are removed because nothing desires them any more. */
  undesired: readonly ObservedContainer[];
}

/** What makes a container let go of a port. */
type Release =
  | { kind: "removed" | "stopped"; container: ObservedContainer }
  | { kind: "recreated"; change: ServiceChange };

/** The holders of a service's ports, each with what makes it let go; null when it stays. */
export function findReleases(
  change: ServiceChange,
  context: ReleaseContext,
): { held: HeldPort; release: Release | null }[] {
  const own = new Set([...change.containers.kept, ...change.containers.extra].map(({ name }) => name));
  return context.observed.heldPorts
    .filter((held) => change.service.ports.some((port) => isSamePort(port, held)))
    .filter(({ container }) => container === null || !own.has(container))
    .map((held) => ({ held, release: findRelease(held, context) }));
}

/** What has to be over before the ports are free that a service wants. */
export function releaseKeys(
  change: ServiceChange,
  context: ReleaseContext & { creations: ReadonlyMap<ServiceChange, OperationKey> },
): Dependency[] {
  return findReleases(change, context).flatMap(({ release }) => {
    if (release === null) return [];
    if (release.kind === "recreated")
      return required(context.creations.get(release.change), "what makes a container anew");
    const { id } = release.container;
    return release.kind === "removed" ? keys.remove(id) : ifPlanned(keys.stop(id));
  });
}

function findRelease(held: HeldPort, { observed, changes, undesired }: ReleaseContext): Release | null {
  const container = observed.containers.find(({ name }) => name === held.container);
  if (container === undefined) return null;
  if (undesired.includes(container)) return { kind: "removed", container };
  const services = changes.flatMap((change) => [...change.services.values()]);
  const change = services.find(({ containers: { kept, extra } }) => [...kept, ...extra].includes(container));
  if (change === undefined) return null;
  if (removedContainers(change).includes(container)) return { kind: "removed", container };
  if (change.action === "stop") return { kind: "stopped", container };
  const keepsPort = change.service.ports.some((port) => isSamePort(port, held));
  return change.action !== "recreate" || keepsPort ? null : { kind: "recreated", change };
}

export function isSamePort(a: PublishedPort, b: PublishedPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && a.hostIp === b.hostIp;
}
