import type { ComposeCache } from "./compose-cache.ts";
import type { Following } from "./following.ts";
import type { Journal } from "./journal.ts";
import type { Memory } from "./memory.ts";
import type { ScheduledJobs } from "./scheduled-jobs.ts";

/**
 * The node's durable memory. Every method is one transaction, which is on the disk when the method returns. Saving what
 * is there already writes nothing. All methods throw K4001 (disk full), K4002 (read-only), K4004 (not permitted), K4010
 * (damaged), K4012 (busy, failing disk) or K4017 (not a record of Keelson).
 */
export interface NodeRecord extends Memory, Following, Journal, ComposeCache, ScheduledJobs, Disposable {
  close: () => void;
}
