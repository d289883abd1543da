import {
  type DesiredInstance,
  type DesiredMount,
  type DesiredNode,
  type JsonObject,
  type ObservedContainer,
  type ObservedNode,
  dataToken,
  instanceToken,
  isJsonObject,
  mapValues,
  withHostPaths,
  ownOf,
} from "@keelson/model";

import type { PlanPolicy } from "./plan-policy.ts";

/** A path of the host that a container binds where files are desired. */
export interface BoundFiles {
  container: ObservedContainer;
  path: string;
  mount: DesiredMount;
}

/**
 * What containers that were adopted, or may be, bind where files are desired: whether those lie there already must be looked
 * at.
 */
export function findBoundFiles(
  { instances }: Pick<DesiredNode, "instances">,
  { adoptable = [], containers }: Pick<ObservedNode, "adoptable" | "containers">,
): BoundFiles[] {
  const told = new Map(adoptable.map(({ id, inspected }) => [id, bindsOf(inspected)]));
  return containers.flatMap((container) => {
    const instance = instances.find(({ project }) => project === container.project);
    if (instance === undefined) return [];
    const wanted = filesByPath(instance, container.service);
    const binds = told.get(container.id) ?? container.bindPaths ?? {};
    return Object.entries(binds).flatMap(([path, source]) => {
      const mount = instance.mounts.find(({ target }) => target === wanted.get(path));
      return mount === undefined ? [] : [{ container, path: source, mount }];
    });
  });
}

/** Targets of the mounts of desired files, by the path at which a service has them. */
export function filesByPath({ compose }: DesiredInstance, service: string): Map<string, string> {
  const model = ownOf(compose.services, service);
  const binds = (model?.volumes ?? []).map(({ source, target }) => [target, source] as const);
  const placed = (["secrets", "configs"] as const).flatMap((kind) =>
    (model?.[kind] ?? []).map(({ source, target = source }) => {
      const folder = kind === "secrets" ? "/run/secrets/" : "/";
      return [
        target.startsWith("/") ? target : `${folder}${target}`,
        compose[kind][source]?.["file"],
      ] as const;
    }),
  );
  return new Map(
    [...binds, ...placed].flatMap(([path, source]) => {
      const target = typeof source === "string" ? targetOf(source) : null;
      return target === null ? [] : [[path, target]];
    }),
  );
}

function targetOf(source: string): string | null {
  return source.startsWith(`${instanceToken}/`) ? source.slice(instanceToken.length + 1) : null;
}

/** Host paths by the path in the container. */
export function bindsOf(inspected: unknown): Record<string, string> {
  const mounts = isJsonObject(inspected) ? inspected["Mounts"] : null;
  return Object.fromEntries(
    (Array.isArray(mounts) ? mounts : []).flatMap((mount) =>
      isJsonObject(mount) && mount["Type"] === "bind" && isBind(mount)
        ? [[mount.Destination, mount.Source] as const]
        : [],
    ),
  );
}

function isBind(mount: JsonObject): mount is JsonObject & { Source: string; Destination: string } {
  return typeof mount["Source"] === "string" && typeof mount["Destination"] === "string";
}

/** Where the sources of the model lie on this node. Files that Keelson places stay what they are: their bytes are compared. */
export function placesOf(
  { name }: DesiredInstance,
  { observed, allow }: { observed: Pick<ObservedNode, "dataFolders">; allow: PlanPolicy["allow"] },
): (source: string) => string {
  const paths = allow === "all" ? {} : mapValues(allow.paths ?? {}, ({ path }) => path);
  return (source) => {
    if (source !== dataToken && !source.startsWith(`${dataToken}/`)) return withHostPaths(source, paths);
    const inside = source === dataToken ? "." : source.slice(dataToken.length + 1);
    const folder = observed.dataFolders?.find((each) => each.instance === name && each.source === inside);
    return folder?.path ?? source;
  };
}
