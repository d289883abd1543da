import {
  type Cause,
  type DesiredService,
  type ObservedContainer,
  type ObservedInstanceFiles,
} from "@keelson/model";

import { type MountChange, findFile } from "./mount-change.ts";

/** Nobody can give a label to a container that is there: those that were adopted have none of ours. */
export function isTakenOver(containers: readonly ObservedContainer[]): boolean {
  return containers.length > 0 && containers.every(({ digest }) => digest === "");
}

/**
 * Files that a commit changes and that a container which was adopted has from where people ran Compose: it must be made anew to
 * get them.
 */
export function formerFileCauses(
  { name }: DesiredService,
  {
    kept,
    mounts,
    stored,
  }: {
    kept: readonly ObservedContainer[];
    mounts: readonly MountChange[];
    stored: ObservedInstanceFiles | undefined;
  },
): Cause[] {
  if (!isTakenOver(kept)) return [];
  return mounts
    .filter(({ mount }) => mount.services.includes(name) && mount.layout !== "content")
    .filter(({ mount }) => mount.files.some((file) => findFile(mount, { file, stored }) !== undefined))
    .flatMap(({ causes }) => causes.filter(({ kind }) => kind === "desired"));
}
