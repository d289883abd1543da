import { hostPathOf, pathsFor } from "@keelson/grants";
import type { Ask, DesiredNode, HostPath, NodeGrants, ObservedEngine, ObservedHost } from "@keelson/model";

/** What agent.yaml permits. */
export type NodeAllowance = NodeGrants | "all";

/** The path on this node that a grant of a path is about; null when the node has none of that name. */
export function pathOf(ask: Ask, allow: NodeAllowance): string | null {
  return hostPathOf(ask, allow === "all" ? {} : allow);
}

/**
 * Paths of the host whose place has to be known before it can be said whether they may be bound: what is asked for, what
 * is permitted, what volumes give out, and what containers can write. Null when no path is bound.
 */
export function findHostPaths(
  { instances }: Pick<DesiredNode, "instances">,
  {
    allow,
    engine,
  }: { allow: NodeAllowance; engine: Pick<ObservedEngine, "containers" | "volumes" | "otherWritableBinds"> },
): string[] | null {
  const asks = instances.flatMap(({ grants }) => grants.filter(({ kind }) => kind === "paths"));
  const givenOut = engine.volumes.flatMap(({ bound }) => (bound === undefined ? [] : [bound.path]));
  if (asks.length === 0 && givenOut.length === 0) return null;
  const asked = [...asks.flatMap((ask) => pathOf(ask, allow) ?? []), ...givenOut];
  const permitted =
    allow === "all"
      ? []
      : [...Object.values(allow.paths ?? {}), ...asks.flatMap((ask) => pathsFor(ask, allow))];
  const written = [
    ...engine.containers.flatMap(({ writableBinds }) => writableBinds),
    ...(engine.otherWritableBinds ?? []).map(({ path }) => path),
  ];
  return [...new Set([...asked, ...permitted.map(({ path }) => path), ...written])];
}

/** Whether a path is another one, or lies below it. Both are without links. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || isBelow(path, folder);
}

/** Whether a path lies below another one. */
export function isBelow(path: string, folder: string): boolean {
  return path !== folder && path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** Where a path leads; the path itself where that was not seen. */
export function realPath(path: string, host: ObservedHost): string {
  return host.paths[path]?.real ?? path;
}

const unseen: HostPath = { real: null, fault: "nobody has looked there" };

export function findPath(path: string, host: ObservedHost): HostPath {
  return host.paths[path] ?? unseen;
}
