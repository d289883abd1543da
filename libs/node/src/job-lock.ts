import { KeelsonError } from "@keelson/model";
import { type LockInput, acquireLock } from "@keelson/record";

import { type NodeSettings, jobLockPath } from "./node-settings.ts";

/** A lock that is given up at the end of its block, or before. */
export interface TakenLock extends Disposable {
  release: () => void;
}

/** Takes a lock; null when another process has it for as long as this waits, or until this is stopped. */
export async function takeLock(input: LockInput): Promise<TakenLock | null> {
  try {
    const { release } = await acquireLock(input);
    return { release, [Symbol.dispose]: release };
  } catch (error) {
    if (input.signal?.aborted === true) return null;
    if (error instanceof KeelsonError && error.code === "K4020") return null;
    throw error;
  }
}

/** Takes the lock of a job; null while another process runs it. The kernel frees it when that process ends, however. */
export async function takeJobLock(
  settings: Pick<NodeSettings, "stateDir">,
  job: string,
): Promise<TakenLock | null> {
  return takeLock({ path: jobLockPath(settings, job), waitMs: 0 });
}
