import type { DesiredInstance, DesiredService, ObservedContainer, ObservedNode } from "@keelson/model";

import { findDataFolder } from "./folder-state.ts";
import { isFolder } from "./folder-data.ts";

/** Data by the name of a volume, or by the path of a data folder. What a service is to have, as its own or as somebody else's. */
export function dataOfService(
  service: DesiredService,
  { instance, observed }: { instance: DesiredInstance; observed: Pick<ObservedNode, "dataFolders"> },
): string[] {
  const folders = instance.folders
    .filter(({ services }) => services.includes(service.name))
    .flatMap(({ source }) => findDataFolder(observed, { instance: instance.name, source })?.path ?? []);
  return [...service.volumes, ...folders];
}

/** The same of what a container has. */
export function dataOfContainer(
  { volumes, binds }: ObservedContainer,
  { dataFolders = [] }: Pick<ObservedNode, "dataFolders">,
): string[] {
  const paths = new Set(dataFolders.map(({ path }) => path));
  return [...volumes, ...binds.filter((path) => paths.has(path))];
}

/** Whether two names stand for the same data, or one for a part of the other. */
export function isSameData(a: string, b: string): boolean {
  return a === b || (isFolder(a) && isFolder(b) && (a.startsWith(`${b}/`) || b.startsWith(`${a}/`)));
}

/** Where nobody knows how a container has a volume, it may write it. */
export function mayWriteData(container: ObservedContainer, name: string): boolean {
  if (isFolder(name)) return container.writableBinds.some((path) => isSameData(path, name));
  const { volumes, places = [] } = container;
  if (!volumes.includes(name)) return false;
  const own = places.filter(({ volume }) => volume === name);
  return own.length === 0 || own.some(({ readOnly }) => !readOnly);
}

/** As a person knows it. */
export function describeData(name: string): string {
  return isFolder(name) ? `data folder ${name}` : `volume ${name}`;
}
