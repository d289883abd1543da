import type { LostVolume, OrphanFolder, OrphanVolume } from "@keelson/node";

import type { Output } from "../output.ts";
import { formatBytes } from "./bytes.ts";
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
    row(volume, sizeOf(sizeBytes), lastUsers);
    output.print(output.style("dim", `  ${remove}`));
  }
  for (const { folder, sizeBytes, lastUsers, remove } of folders) {
    row(folder, sizeOf(sizeBytes), lastUsers);
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

function sizeOf(bytes: number | null): string {
  return bytes === null ? "size unknown" : formatBytes(bytes);
}
