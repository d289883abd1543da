import { required } from "@keelson/model";
import type { DesiredFile, DesiredMount } from "@keelson/model";

import { partsOf } from "./store-path.ts";

/** What is desired below a folder of an instance. */
export interface DesiredTree {
  files: Map<string, DesiredFile>;
  folders: Map<string, DesiredTree>;
  /** Whether it is bound as a folder: a container sees all that is in it. */
  isBound: boolean;
  /** Whether programs write there, too: what is not desired is theirs. */
  isShared: boolean;
}

/** The files of all mounts, where a container is to see them. Throws K4006 for a path that is not plain. */
export function buildDesiredTree(mounts: readonly DesiredMount[]): DesiredTree {
  const root = newTree();
  for (const mount of mounts) {
    if (mount.kind === "folder") {
      const bound = folderAt(root, partsOf(mount.target));
      bound.isBound = true;
      bound.isShared = mount.writable;
    }
    for (const file of mount.files) {
      const path = mount.kind === "file" ? mount.target : `${mount.target}/${file.path}`;
      const parts = partsOf(path);
      const name = required(parts.pop(), "name of a file");
      folderAt(root, parts).files.set(name, file);
    }
  }
  return root;
}

function folderAt(root: DesiredTree, parts: readonly string[]): DesiredTree {
  let tree = root;
  for (const part of parts) {
    const next = tree.folders.get(part) ?? newTree();
    tree.folders.set(part, next);
    tree = next;
  }
  return tree;
}

function newTree(): DesiredTree {
  return { files: new Map(), folders: new Map(), isBound: false, isShared: false };
}
