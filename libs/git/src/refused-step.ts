import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { FollowStep } from "./follow-step.ts";
import { isAbsence } from "./git-error.ts";
import { diskFailure, writeWhole } from "./local-copy.ts";

/** In the copy, beside its refs: the step that was refused last. Histories never change, so that verdict stays true. */
const name = "keelson-refused";

/** Whether exactly this step was refused last, after a walk through all of the commit's history. */
export async function wasRefused(step: FollowStep): Promise<boolean> {
  try {
    return (await readFile(join(step.gitDir, name), "utf8")) === describe(step);
  } catch (error) {
    if (isAbsence(error)) return false;
    throw diskFailure(step.gitDir, error);
  }
}

/** Saves the next round that walk, and a new copy where this one cannot be walked. */
export async function rememberRefused(step: FollowStep): Promise<void> {
  if (await wasRefused(step)) return;
  await writeWhole(step.gitDir, { name, text: describe(step) });
}

function describe({ after, accepted, commit }: FollowStep): string {
  return `${JSON.stringify({ after, accepted, commit })}\n`;
}
