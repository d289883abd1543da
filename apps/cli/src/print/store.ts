import type { StagedCheck, StagedRelease } from "@keelson/model";
import type { StoredRelease } from "@keelson/node";

import type { Output } from "../output.ts";
import { formatBytes } from "./bytes.ts";
import { count } from "./problems.ts";

/** Prints each staged release with its age, its size and why it stays. */
export function printStore(output: Output, staged: readonly StoredRelease[]): void {
  printRows(
    output,
    staged.map(({ release, version, state, stagedAt, sizeBytes, because, path }) => [
      release,
      version,
      state,
      stagedAt ?? "",
      sizeBytes === null ? "" : formatBytes(sizeBytes),
      because === "unknown" ? "not known yet" : (because ?? "not needed"),
      output.style("dim", path),
    ]),
  );
  if (staged.length === 0) output.print("Nothing is staged on this node.");
}

/** Prints what is not as it was staged, with the paths, and how many are. */
export function printChecks(output: Output, checks: readonly StagedCheck[]): void {
  for (const { release, version, state, differing, because } of checks) {
    if (state === "ok") continue;
    output.printError(
      `${output.styleError("red", state)}  ${release} ${version}${because === null ? "" : `: ${because}`}`,
    );
    for (const path of differing) output.printError(`  ${path}`);
  }
  const wrong = checks.filter(({ state }) => state !== "ok").length;
  if (checks.length === 0)
    return output.print("Nothing of that is staged on this node: keelson stage brings it there.");
  output.print(`${count(checks.length - wrong, "release")} as staged, ${wrong} not.`);
  if (wrong > 0)
    output.print(
      "The next round stages again what the node is to have; of the rest, keelson stage RELEASE@VERSION does.",
    );
}

/** Prints what was removed, and how much space it took. */
export function printRemoved(
  output: Output,
  { removed, kept }: { removed: readonly StagedRelease[]; kept: readonly StagedRelease[] },
): void {
  printRows(
    output,
    removed.map(({ release, version, sizeBytes }) => [
      "removed",
      release,
      version,
      sizeBytes === null ? "size unknown" : formatBytes(sizeBytes),
    ]),
  );
  const bytes = removed.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0);
  output.print(`${count(removed.length, "release")} removed, ${formatBytes(bytes)}; ${kept.length} stay.`);
}

/** Columns as wide as their widest cell. */
function printRows(output: Output, rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => (cells[column] ?? "").length)),
  );
  for (const cells of rows)
    output.print(
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
}
