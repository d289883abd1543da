import { readFileSync } from "node:fs";

/** The id of the machine's boot (random(4)), by which readers see a restart; empty where the kernel gives none. */
export function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return ""; // not Linux, or hidden in a container
  }
}
