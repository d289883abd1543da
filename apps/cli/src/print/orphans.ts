import type { OrphanVolume } from "@keelson/node";

import type { Output } from "../output.ts";
import { count } from "./problems.ts";

/** Prints each volume with what is known of it, and the command that removes it below. */
export function printOrphans(output: Output, orphans: readonly OrphanVolume[]): void {
  const width = Math.max(0, ...orphans.map(({ volume }) => volume.length));
  for (const { volume, sizeBytes, lastUsers, remove } of orphans) {
    const users = lastUsers.length === 0 ? "not known who used it" : `last used by ${lastUsers.join(", ")}`;
    output.print(`${volume.padEnd(width)}  ${formatBytes(sizeBytes).padStart(10)}  ${users}`);
    output.print(output.style("dim", `  ${remove}`));
  }
  output.print(
    orphans.length === 0
      ? "No volume of this node is left behind."
      : `\n${count(orphans.length, "volume")} that nothing uses. Keelson removes none of them.`,
  );
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

function formatBytes(bytes: number | null): string {
  if (bytes === null) return "size unknown";
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = bytes / 1024 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${units[power]}`;
}
