import { KeelsonError, octal } from "@keelson/model";
import { examineStateFolder, readDiskSpace, requireTrusted } from "@keelson/store";

import type { ExaminedNode } from "./examined-node.ts";
import { type Verdict, attempt, failed, failure, ok, warning } from "./verdict.ts";

/** Less is a warning or a failure. */
export interface SpaceThresholds {
  warning: { bytes: number; inodes: number };
  failure: { bytes: number; inodes: number };
}

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

/** Images are pulled beside those that run. */
export const engineThresholds: SpaceThresholds = {
  warning: { bytes: 4 * GiB, inodes: 50_000 },
  failure: { bytes: 512 * MiB, inodes: 5_000 },
};
/** Files, a small copy of the branch and the record. */
const stateThresholds: SpaceThresholds = {
  warning: { bytes: 512 * MiB, inodes: 10_000 },
  failure: { bytes: 32 * MiB, inodes: 1_000 },
};

export interface Space {
  path: string;
  freeBytes: number;
  /** null for file systems without a limit. */
  freeInodes: number | null;
}

export function judgeSpace({ path, freeBytes, freeInodes }: Space, thresholds: SpaceThresholds): Verdict {
  const inodes = freeInodes === null ? "" : ` and ${freeInodes.toLocaleString("en")} inodes`;
  const found = `${formatBytes(freeBytes)}${inodes} free for ${path}`;
  const isBelow = (least: { bytes: number; inodes: number }) =>
    freeBytes < least.bytes || (freeInodes ?? Infinity) < least.inodes;
  const hint =
    "Free some space or inodes (df, df -i). docker image prune --all removes unused images, also those that you might roll back to.";
  if (isBelow(thresholds.failure)) return failure(found, hint);
  return isBelow(thresholds.warning) ? warning(found, hint) : ok(found);
}

export async function examineStateDisk({ stateDir }: ExaminedNode): Promise<Verdict> {
  const space = await attempt(async () => readDiskSpace(stateDir));
  if (space instanceof KeelsonError) return failed(space);
  return judgeSpace({ path: stateDir, ...space }, stateThresholds);
}

export async function examineStateDir({ stateDir }: ExaminedNode): Promise<Verdict> {
  const folder = await attempt(async () => {
    requireTrusted(stateDir, "the state folder");
    return examineStateFolder(stateDir);
  });
  if (folder instanceof KeelsonError) return failed(folder);
  const { mode } = folder;
  if (mode === null) return ok(`${stateDir} is not there yet: the first round makes it`);
  if ((mode & 0o077) !== 0) {
    // Rendered files hold secrets.
    return warning(`${stateDir} is open to others (mode ${octal(mode)})`, `Run: chmod 700 ${stateDir}`);
  }
  return ok(`${stateDir} can be written`);
}

function formatBytes(bytes: number): string {
  return bytes < GiB ? `${Math.floor(bytes / MiB)} MiB` : `${(bytes / GiB).toFixed(1)} GiB`;
}
