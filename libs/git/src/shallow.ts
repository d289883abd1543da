import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { isAbsence } from "./git-error.ts";
import { isObjectId } from "./object-id.ts";

/** The commits of a repository whose parents it does not have (gitrepository-layout(5), `shallow`). */
export async function readShallow(gitDir: string): Promise<string[]> {
  try {
    return (await readFile(join(gitDir, "shallow"), "utf8")).split("\n").filter(isObjectId);
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}

/** Adds commits to them, so that Git does not ask for their parents. */
export async function addShallow(gitDir: string, commits: readonly string[]): Promise<void> {
  if (commits.length === 0) return;
  const all = new Set([...(await readShallow(gitDir)), ...commits]);
  await writeFile(join(gitDir, "shallow"), [...all].map((oid) => `${oid}\n`).join(""));
}
