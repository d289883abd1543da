import type { HeldPort, ObservedContainer, ObservedNode, PublishedPort } from "@keelson/model";

import { keys } from "./operation-key.ts";
import type { ServiceChange } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";

export interface ReleaseContext {
  observed: ObservedNode;
  changes: readonly InstanceChange[];
  /** Containers that are removed because nothing desires them any more. */
  undesired: readonly ObservedContainer[];
  /** Keys of the operations that make containers, by `<project>/<service>`. */
  creations: ReadonlyMap<string, string>;
}

/** The holders of a service's ports, each with the keys after which it has let go; null when it stays. */
export function findReleases(
  change: ServiceChange,
  context: ReleaseContext,
): { held: HeldPort; after: string[] | null }[] {
  const own = new Set([...change.containers.kept, ...change.containers.extra].map(({ name }) => name));
  return context.observed.heldPorts
    .filter((held) => change.service.ports.some((port) => isSamePort(port, held)))
    .filter(({ container }) => container === null || !own.has(container))
    .map((held) => ({ held, after: releaseKeys(held, context) }));
}

function releaseKeys(held: HeldPort, context: ReleaseContext): string[] | null {
  const holder = context.observed.containers.find(({ name }) => name === held.container);
  if (holder === undefined) return null;
  if (context.undesired.includes(holder)) return [keys.remove(holder.id)];
  for (const { instance, services } of context.changes) {
    for (const change of services.values()) {
      if (change.containers.extra.includes(holder)) return [keys.remove(holder.id)];
      if (!change.containers.kept.includes(holder)) continue;
      if (change.action === "remove" || change.removeFirst) return [keys.remove(holder.id)];
      if (change.action === "stop") return [keys.stop(holder.id)];
      const keepsPort = change.service.ports.some((port) => isSamePort(port, held));
      if (change.action !== "recreate" || keepsPort) return null;
      return [context.creations.get(`${instance.project}/${change.service.name}`) ?? ""];
    }
  }
  return null;
}

function isSamePort(a: PublishedPort, b: PublishedPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && a.hostIp === b.hostIp;
}
