import type { LostVolume, OrphanVolume } from "@keelson/node";

import type { Output } from "../output.ts";
import { count } from "./problems.ts";

/** Prints each volume with what is known of it, and the command that removes it below; and those that are lost. */
export function printOrphans(
  output: Output,
  { orphans, lost }: { orphans: readonly OrphanVolume[]; lost: readonly LostVolume[] },
): void {
  const width = Math.max(0, ...[...orphans, ...lost].map(({ volume }) => volume.length));
  const row = (volume: string, size: string, lastUsers: readonly string[]) => {
    const users = lastUsers.length === 0 ? "not known who used it" : `last used by ${lastUsers.join(", ")}`;
    output.print(`${volume.padEnd(width)}  ${size.padStart(10)}  ${users}`);
  };
  for (const { volume, sizeBytes, lastUsers, remove } of orphans) {
    row(volume, formatBytes(sizeBytes), lastUsers);
    output.print(output.style("dim", `  ${remove}`));
  }
  for (const { volume, lastUsers } of lost) row(volume, "gone", lastUsers);
  output.print(
    orphans.length === 0
      ? "No volume of this node is left behind."
      : `\n${count(orphans.length, "volume")} that nothing uses. Keelson removes none of them.`,
  );
  if (lost.length > 0)
    output.print(
      `${count(lost.length, "volume")} gone and missed (K3032), until keelson renew gives up each.`,
    );
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

function formatBytes(bytes: number | null): string {
  if (bytes === null) return "size unknown";
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = bytes / 1024 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${units[power]}`;
}
