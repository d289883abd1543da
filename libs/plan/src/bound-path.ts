import { isWritableIn, pathsFor } from "@keelson/grants";
import type {
  Ask,
  BoundFolder,
  DesiredInstance,
  ObservedHost,
  ObservedNode,
  PermittedPath,
} from "@keelson/model";

import { type NodeAllowance, isBelow, isWithin, pathOf, realPath } from "./host-path.ts";
import { wantsContainers } from "./service-change.ts";

/** A path of the host that a service is to bind. */
export interface BoundPath {
  instance: DesiredInstance;
  ask: Ask;
  /** As the engine gets it. */
  path: string;
  /** Without links; null where nothing is there or that is not known. */
  real: string | null;
  /** Where the links stand that lead there. */
  links: readonly string[];
  isWritable: boolean;
}

export interface BoundContext {
  allow: NodeAllowance;
  host: ObservedHost;
  volumes: ObservedNode["volumes"];
}

/**
 * Every path of the host that containers of the desired state bind, where the node has a path of that name: also what the
 * volumes give out that somebody else has made.
 */
export function findBoundPaths(
  instances: readonly DesiredInstance[],
  { allow, host, volumes }: BoundContext,
): BoundPath[] {
  return instances.filter(wantsContainers).flatMap((instance) =>
    instance.grants.flatMap((ask) => {
      const bound = ask.kind === "volumes" ? findGivenOut(ask, { instance, volumes }) : askedPath(ask, allow);
      if (bound === null) return [];
      const { real = null, links = [] } = host.paths[bound.path] ?? {};
      return [{ instance, ask, path: bound.path, real, links, isWritable: !bound.readOnly }];
    }),
  );
}

function askedPath(ask: Ask, allow: NodeAllowance): BoundFolder | null {
  const path = ask.kind === "paths" ? pathOf(ask, allow) : null;
  return path === null ? null : { path, readOnly: ask.readOnly === true };
}

/** Of the host, by a volume that services mount. */
function findGivenOut(
  { value: name }: Ask,
  { instance, volumes }: Pick<BoundContext, "volumes"> & { instance: DesiredInstance },
): BoundFolder | null {
  const bound = volumes.find((each) => each.name === name)?.bound;
  const mounts = instance.services.flatMap(({ places }) => places.filter(({ volume }) => volume === name));
  if (bound === undefined || mounts.length === 0) return null;
  return { ...bound, readOnly: bound.readOnly || mounts.every(({ readOnly }) => readOnly) };
}

/** Whether it is reached through a folder: it lies below it, or a link does that leads to it. */
export function leadsThrough({ real, links }: Pick<BoundPath, "real" | "links">, folder: string): boolean {
  return [...(real === null ? [] : [real]), ...links].some((each) => isBelow(each, folder));
}

interface PermitContext {
  allow: NodeAllowance;
  host: ObservedHost;
}

/** What agent.yaml says of the paths that a bound one lies below; those it is named by, or all for an absolute path. */
export function findPermits(
  { ask, real }: Pick<BoundPath, "ask" | "real">,
  { allow, host }: PermitContext,
): PermittedPath[] {
  if (real === null || allow === "all") return [];
  return pathsFor(ask, allow).filter(({ path }) => isWithin(real, realPath(path, host)));
}

/** Whether one of these permits that it is written. */
export function isWritingPermitted(
  { real }: Pick<BoundPath, "real">,
  { permits, allow, host }: PermitContext & { permits: readonly PermittedPath[] },
): boolean {
  if (real === null || allow === "all") return allow === "all";
  const placed = (permit: PermittedPath) => ({ ...permit, path: realPath(permit.path, host) });
  const all = Object.values(allow.paths ?? {}).map(placed);
  return permits.some((permit) => isWritableIn(real, { permitted: placed(permit), all }));
}

/** The same by the words alone, for what is not there. */
export function isNamedByPermit(
  { ask, path }: Pick<BoundPath, "ask" | "path">,
  allow: NodeAllowance,
): boolean {
  return allow !== "all" && pathsFor(ask, allow).some((permit) => isWithin(path, permit.path));
}

/** Whether it may lie below what a container can write. */
export function mayBeNested(bound: Pick<BoundPath, "ask" | "real">, context: PermitContext): boolean {
  const { allow } = context;
  return allow === "all" || allow.nested === true || findPermits(bound, context).some(({ nested }) => nested);
}
