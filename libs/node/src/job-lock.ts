import { KeelsonError } from "@keelson/model";
import { type NodeLock, acquireLock } from "@keelson/record";

import { type NodeSettings, jobLockPath } from "./node-settings.ts";

/** Takes the lock of a job; null while another process runs it. The kernel frees it when that process ends, however. */
export async function takeJobLock(
  settings: Pick<NodeSettings, "stateDir">,
  job: string,
): Promise<NodeLock | null> {
  try {
    return await acquireLock({ path: jobLockPath(settings, job), waitMs: 0 });
  } catch (error) {
    if (error instanceof KeelsonError && error.code === "K4020") return null;
    throw error;
  }
}

/** Whether a process of this node runs a job. */
export async function isJobAtWork(settings: Pick<NodeSettings, "stateDir">, job: string): Promise<boolean> {
  const lock = await takeJobLock(settings, job);
  lock?.release();
  return lock === null;
}
