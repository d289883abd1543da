import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { FollowStep } from "./follow-step.ts";
import { isAbsence } from "./git-error.ts";
import { diskFailure, writeWhole } from "./local-copy.ts";

/**
 * The file in the copy that holds the step refused last. The history of a commit never changes, so the verdict holds.
 */
const name = "keelson-refused";

/** Whether exactly this step was refused last. That needed a walk through the whole history of the commit. */
export async function wasRefused(step: FollowStep): Promise<boolean> {
  try {
    return (await readFile(join(step.gitDir, name), "utf8")) === describe(step);
  } catch (error) {
    if (isAbsence(error)) return false;
    throw diskFailure(step.gitDir, error);
  }
}

/** Remembers the step, so that the next round neither walks that history again nor makes a new copy for it. */
export async function rememberRefused(step: FollowStep): Promise<void> {
  if (await wasRefused(step)) return;
  await writeWhole(step.gitDir, { name, text: describe(step) });
}

function describe({ after, accepted, commit }: FollowStep): string {
  return `${JSON.stringify({ after, accepted, commit })}\n`;
}
