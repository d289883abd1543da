import type {
  BlockedChange,
  DesiredInstance,
  ObservedContainer,
  ObservedNode,
  OtherBind,
} from "@keelson/model";

import { type BoundPath, findBoundPaths, leadsThrough, mayBeNested } from "./bound-path.ts";
import { type NodeAllowance, realPath } from "./host-path.ts";
import { findStored } from "./mount-change.ts";
import type { ServiceChange } from "./service-action.ts";

interface SourceContext {
  resource: string;
  instance: DesiredInstance;
  observed: ObservedNode;
  allow: NodeAllowance;
}

/**
 * What a service binds must not be reached through a folder that another container can write: a link to the host's root
 * could stand there when the engine looks. No revision asks for it, but a container of an earlier version may still run, or
 * somebody else's.
 */
export function sourceObstacles(change: ServiceChange, context: SourceContext): BlockedChange[] {
  return [...findPlaced(change, context), ...findHostSources(change, context)].flatMap(
    ({ source, writers, ...way }) => {
      const writer = writers.find((each) => leadsThrough(way, each.path));
      if (writer === undefined) return [];
      return [
        {
          resource: context.resource,
          code: "K3018",
          message: `${source} cannot be bound while container ${writer.container} can write the folder that leads to it`,
          hint: "It follows by itself once that container is replaced or removed.",
        },
      ];
    },
  );
}

interface Source extends Pick<BoundPath, "real" | "links"> {
  /** As compose.yaml binds it, or the path of the host. */
  source: string;
  /** Who could put something else there. */
  writers: readonly OtherBind[];
}

function findPlaced(change: ServiceChange, { instance, observed }: SourceContext): Source[] {
  const stored = findStored(observed, instance);
  if (stored === undefined) return [];
  const writers = observed.containers
    .filter(({ ownership }) => ownership === "ours")
    .flatMap(bindsBeside(change));
  return instance.mounts
    .filter(({ services }) => services.includes(change.service.name))
    .map(({ source, target }) => ({ source, real: `${stored.folder}/${target}`, links: [], writers }));
}

/** Paths of the host, which all containers of the engine share. */
function findHostSources(change: ServiceChange, { instance, observed, allow }: SourceContext): Source[] {
  const { host, containers, volumes, otherWritableBinds = [] } = observed;
  if (host === undefined) return [];
  const writers = [...containers.flatMap(bindsBeside(change)), ...otherWritableBinds]
    .map(({ container, path }) => ({ container, path: realPath(path, host) }))
    // Who can write everything needs no link to get anywhere.
    .filter(({ path }) => path !== "/");
  // What is a volume's concerns whoever has it.
  const owners = new Set(["", change.service.name]);
  return findBoundPaths([instance], { allow, host, volumes }).flatMap((bound) =>
    !owners.has(bound.ask.service) || mayBeNested(bound, { allow, host })
      ? []
      : [{ source: bound.path, real: bound.real, links: bound.links, writers }],
  );
}

/** What the service itself has is replaced first. */
function bindsBeside({ containers: { kept } }: ServiceChange): (container: ObservedContainer) => OtherBind[] {
  return (container) =>
    kept.includes(container)
      ? []
      : container.writableBinds.map((path) => ({ container: container.name, path }));
}
