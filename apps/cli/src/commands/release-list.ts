import { type ListedRelease, listWorkTreeReleases } from "@keelson/node";

import type { RepositoryOptions } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";

/** Lists the releases of a repository. */
export async function releaseList({ repository }: RepositoryOptions, output: Output): Promise<ExitCode> {
  const releases = await listWorkTreeReleases(repository);
  if (output.json) output.printJson(releases);
  else if (releases.length === 0) output.print("There is no release in releases/.");
  else printTable(output, releases);
  return exitCodes.done;
}

function printTable(output: Output, releases: readonly ListedRelease[]): void {
  const rows = [
    ["RELEASE", "VERSION", "PUBLISHED", "LOCKED BY", "DIGEST"],
    ...releases.map(({ name, version, published, lockedBy, digest }) => [
      name,
      version,
      published,
      lockedBy.length === 0 ? "–" : lockedBy.join(", "),
      digest ?? "cannot be read",
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  for (const [index, row] of rows.entries()) {
    const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
    output.print(index === 0 ? output.style("dim", line) : line);
  }
}
