import type { Suspension } from "@keelson/model";

/** Since when action is withheld, by whom, and why, in one sentence. */
export function formatSuspension({ since, by, reason }: Suspension): string {
  return `suspended since ${since} by ${by}: ${reason}`;
}
