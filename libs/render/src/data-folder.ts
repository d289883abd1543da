import {
  type ComposeModel,
  type DesiredFolder,
  type Problem,
  type RenderedInstance,
  type Repository,
  compareText,
  dataToken,
  withBoundPaths,
} from "@keelson/model";

import type { BindSource } from "./bind-source.ts";
import type { BoundFile } from "./bound-file.ts";
import { findUnseenChange } from "./mount-fault.ts";
import { isBelow, pathInside } from "./mount.ts";

/** A data folder, or a kept one where there are committed files. */
export function buildFolder(
  { source, services, writers, isFile }: BindSource,
  files: readonly BoundFile[],
): DesiredFolder {
  const kept = files.map(({ writable: _never, isInPlace: _always, ...file }) => ({
    ...file,
    path: pathInside(source, file.to),
  }));
  return {
    source,
    kind: isFile || files.some(({ to }) => to === source) ? "file" : "folder",
    files: kept.sort((a, b) => compareText(a.path, b.path)),
    services,
    writers,
  };
}

/** The folders, each kept file only in the innermost one that it lies in. */
export function withoutInner(folders: readonly DesiredFolder[]): DesiredFolder[] {
  return folders.map((outer) => {
    const inner = folders.filter(({ source }) => isBelow(outer.source, source));
    const isInner = (to: string) => inner.some(({ source }) => to === source || isBelow(source, to));
    return inner.length === 0 ? outer : { ...outer, files: outer.files.filter(({ to }) => !isInner(to)) };
  });
}

export function findFolderFaults(
  folder: DesiredFolder,
  context: { instance: RenderedInstance; repository: Repository | undefined },
): Problem[] {
  return folder.kind === "file" ? folder.files.flatMap((file) => findUnseenChange(file, context)) : [];
}

/**
 * The model with the sources of these folders below `dataToken`, where the node has its data. A data folder and a kept one lie in
 * the same place, so that one becomes the other and no container is made anew.
 */
export function withDataFolders(model: ComposeModel, folders: readonly DesiredFolder[]): ComposeModel {
  const sources = new Set(folders.map(({ source }) => source));
  return withBoundPaths(model, (path) => {
    if (!sources.has(path)) return path;
    return path === "." ? dataToken : `${dataToken}/${path}`;
  });
}
