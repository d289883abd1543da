import { readFileSync } from "node:fs";

/** The id of this start of the machine (random(4)), so that readers see a restart; empty where the kernel has none. */
export function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return ""; // not Linux, or hidden in a container
  }
}
