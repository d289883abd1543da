import { resolve } from "node:path";

import { runGit } from "./system-git.ts";

export interface HistoryInput {
  /** A user's clone, or a folder in it. */
  repository: string;
  /** Full commit ids. */
  ancestor: string;
  descendant: string;
  timeoutMs?: number;
}

/**
 * Whether a commit is another one or follows on it, by a user's clone; null where the clone cannot tell: it has not got one
 * of them, or its history is cut, and then Git would say "no" of everything that is beyond the cut. Throws K2005 and K2010.
 */
export async function followsOn({
  repository,
  ancestor,
  descendant,
  timeoutMs = 60_000,
}: HistoryInput): Promise<boolean | null> {
  if (ancestor === descendant) return true;
  const at = ["-C", resolve(repository)];
  const git = async (...args: string[]) => runGit({ at, args, timeoutMs, configuration: "user" });
  const shallow = await git("rev-parse", "--is-shallow-repository");
  if (shallow.exitCode !== 0 || shallow.stdout.toString("utf8").trim() !== "false") return null;
  const { exitCode } = await git("merge-base", "--is-ancestor", ancestor, descendant);
  return exitCode === 0 ? true : exitCode === 1 ? false : null;
}
