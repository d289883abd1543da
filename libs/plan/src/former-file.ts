import {
  type Cause,
  type DesiredService,
  type Notice,
  type ObservedContainer,
  type ObservedInstanceFiles,
  compareText,
  resourceIds,
} from "@keelson/model";

import { findBoundFiles } from "./adopted-place.ts";
import { type MountChange, findFile } from "./mount-change.ts";
import type { InstanceChange } from "./service-change.ts";
import type { SimulatedNode } from "./simulated-node.ts";

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

/** What containers that were adopted, and that stay as they are, bind from there and that is not what Git has. */
export function findFormerFiles(
  { desired, observed }: Pick<SimulatedNode, "desired" | "observed">,
  changes: readonly InstanceChange[],
): Notice[] {
  const staying = changes
    .flatMap(({ services }) => [...services.values()])
    .filter(({ action }) => action === "none" || action === "start")
    .flatMap(({ containers }) => containers.kept);
  const isSame = (path: string, target: string) =>
    observed.sameFiles?.some((each) => each.path === path && each.target === target) === true;
  return findBoundFiles(desired, observed)
    .filter(({ container }) => container.bindPaths !== undefined && staying.includes(container))
    .filter(({ path, mount }) => !isSame(path, mount.target))
    .map(({ container: { name, project, service }, path }) => ({
      resource: resourceIds.service(project, service),
      code: "K9098",
      message: `container ${name}, which was adopted, binds ${path}, and what lies there is not what Git has; it goes on with that until its next change`,
    }))
    .sort((a, b) => compareText(a.message, b.message));
}
