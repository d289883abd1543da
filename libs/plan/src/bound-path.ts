import type { Ask, DesiredInstance, ObservedHost, PermittedPath } from "@keelson/model";

import { type NodeAllowance, isWithin, pathOf, realPath } from "./host-path.ts";
import { wantsContainers } from "./service-change.ts";

/** A path of the host that a service is to bind. */
export interface BoundPath {
  instance: DesiredInstance;
  ask: Ask;
  /** As the engine gets it. */
  path: string;
  /** Without links; null where nothing is there or that is not known. */
  real: string | null;
}

/** Every path of the host that containers of the desired state bind, where the node has a path of that name. */
export function findBoundPaths(
  instances: readonly DesiredInstance[],
  { allow, host }: { allow: NodeAllowance; host: ObservedHost },
): BoundPath[] {
  return instances.filter(wantsContainers).flatMap((instance) =>
    instance.grants.flatMap((ask) => {
      const path = ask.kind === "paths" ? pathOf(ask, allow) : null;
      return path === null ? [] : [{ instance, ask, path, real: host.paths[path]?.real ?? null }];
    }),
  );
}

export function isWritable({ ask }: BoundPath): boolean {
  return ask.readOnly !== true;
}

/** What agent.yaml says of the paths that a bound one lies below; those it is named by, or all for an absolute path. */
export function findPermits(
  { ask, real }: Pick<BoundPath, "ask" | "real">,
  { allow, host }: { allow: NodeAllowance; host: ObservedHost },
): PermittedPath[] {
  if (real === null) return [];
  return candidatesFor(ask, allow).filter(({ path }) => isWithin(real, realPath(path, host)));
}

/** The same by the words alone, for what is not there. */
export function isNamedByPermit(
  { ask, path }: Pick<BoundPath, "ask" | "path">,
  allow: NodeAllowance,
): boolean {
  return candidatesFor(ask, allow).some((permit) => isWithin(path, permit.path));
}

/** Those of the name that is used, or of the names by which the environment grants it. */
function candidatesFor({ value, names }: Ask, allow: NodeAllowance): PermittedPath[] {
  if (allow === "all") return [];
  const known = value.startsWith("/") ? names : [value.split("/")[0]];
  return Object.entries(allow.paths ?? {}).flatMap(([name, permit]) =>
    known === undefined || known.includes(name) ? [permit] : [],
  );
}

/** Whether it may lie below what a container can write. */
export function mayBeNested(
  bound: Pick<BoundPath, "ask" | "real">,
  context: { allow: NodeAllowance; host: ObservedHost },
): boolean {
  const { allow } = context;
  return allow === "all" || allow.nested === true || findPermits(bound, context).some(({ nested }) => nested);
}
