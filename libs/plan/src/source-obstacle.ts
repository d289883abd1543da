import type { BlockedChange, DesiredInstance, ObservedNode } from "@keelson/model";

import { findStored } from "./mount-change.ts";
import type { ServiceChange } from "./service-action.ts";

/**
 * What a service binds must not be reached through a folder that another container can write: a link to the host's root
 * could stand there when the engine looks. No revision asks for it, but a container of an earlier version may still run.
 */
export function sourceObstacles(
  { service, containers }: ServiceChange,
  { resource, instance, observed }: { resource: string; instance: DesiredInstance; observed: ObservedNode },
): BlockedChange[] {
  const stored = findStored(observed, instance);
  if (stored === undefined) return [];
  const others = observed.containers.filter(
    (each) => each.ownership === "ours" && !containers.kept.includes(each),
  );
  return instance.mounts
    .filter(({ services }) => services.includes(service.name))
    .flatMap(({ source, target }) => {
      const path = `${stored.folder}/${target}`;
      const writer = others.find(({ writableBinds }) =>
        writableBinds.some((bind) => path.startsWith(`${bind}/`)),
      );
      if (writer === undefined) return [];
      return [
        {
          resource,
          code: "K3018",
          message: `${source} cannot be bound while container ${writer.name} can write the folder that leads to it`,
          hint: "It follows by itself once that container is replaced or removed.",
        },
      ];
    });
}
