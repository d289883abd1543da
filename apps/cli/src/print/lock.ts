import type { LockChange, MadeLock } from "@keelson/node";

import type { Output } from "../output.ts";
import { count } from "./problems.ts";

/** Prints what changed in each lock, and what to do with it. */
export function printLocks(
  output: Output,
  { locks, commit }: { locks: readonly MadeLock[]; commit: string | null },
): void {
  if (locks.length === 0) output.print("No environment needs a lock.");
  for (const { file, isChanged, changes } of locks) {
    output.print(`${file}: ${isChanged ? "written" : "up to date"}`);
    for (const change of changes) output.print(`  ${describe(change)}`);
  }
  const changed = locks.filter(({ isChanged }) => isChanged).length;
  if (changed === 0) return;
  output.print(
    commit === null
      ? `\n${count(changed, "lock")} written. See what follows from it with keelson plan, and commit it.`
      : `\nCommitted as ${commit.slice(0, 8)}.`,
  );
}

function describe({ release, before, after }: LockChange): string {
  if (after === null) return `- ${release} ${before?.version ?? ""}, which the environment does not use`;
  if (before === null) return `+ ${release} ${after.version}`;
  if (before.version !== after.version) return `~ ${release} ${before.version} → ${after.version}`;
  return before.digest === undefined
    ? `~ ${release} ${after.version}: its digest is added`
    : `~ ${release} ${after.version}: its folder has another digest`;
}
