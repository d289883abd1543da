import type { LostVolume, OrphanFolder, OrphanVolume } from "@keelson/node";

import type { Output } from "../output.ts";
import { count } from "./problems.ts";

interface Orphans {
  orphans: readonly OrphanVolume[];
  lost: readonly LostVolume[];
  folders: readonly OrphanFolder[];
}

/** Prints each volume and data folder with what is known of it, and the command that removes it below; and lost volumes. */
export function printOrphans(output: Output, { orphans, lost, folders }: Orphans): void {
  const names = [
    ...[...orphans, ...lost].map(({ volume }) => volume),
    ...folders.map(({ folder }) => folder),
  ];
  const width = Math.max(0, ...names.map(({ length }) => length));
  const row = (name: string, size: string, lastUsers: readonly string[]) => {
    const users = lastUsers.length === 0 ? "not known who used it" : `last used by ${lastUsers.join(", ")}`;
    output.print(`${name.padEnd(width)}  ${size.padStart(10)}  ${users}`);
  };
  for (const { volume, sizeBytes, lastUsers, remove } of orphans) {
    row(volume, formatBytes(sizeBytes), lastUsers);
    output.print(output.style("dim", `  ${remove}`));
  }
  for (const { folder, sizeBytes, lastUsers, remove } of folders) {
    row(folder, formatBytes(sizeBytes), lastUsers);
    output.print(output.style("dim", `  ${remove}`));
  }
  for (const { volume, lastUsers } of lost) row(volume, "gone", lastUsers);
  output.print(
    orphans.length + folders.length === 0
      ? "No data of this node is left behind."
      : `\n${listOf(orphans, folders)} that nothing uses. Keelson removes none of them.`,
  );
  if (lost.length > 0)
    output.print(
      `${count(lost.length, "volume")} gone and missed (K3032), until keelson renew gives up each.`,
    );
}

function listOf(orphans: Orphans["orphans"], folders: Orphans["folders"]): string {
  const volumes = orphans.length === 0 ? [] : [count(orphans.length, "volume")];
  return [...volumes, ...(folders.length === 0 ? [] : [count(folders.length, "data folder")])].join(" and ");
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

function formatBytes(bytes: number | null): string {
  if (bytes === null) return "size unknown";
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = bytes / 1024 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${units[power]}`;
}
