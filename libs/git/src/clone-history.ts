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
export async function followsOn(input: HistoryInput): Promise<boolean | null> {
  const { ancestor, descendant } = input;
  if (ancestor === descendant) return true;
  const git = gitAt(input);
  const shallow = await git("rev-parse", "--is-shallow-repository");
  if (shallow.exitCode !== 0 || shallow.stdout.toString("utf8").trim() !== "false") return null;
  const { exitCode } = await git("merge-base", "--is-ancestor", ancestor, descendant);
  return exitCode === 0 ? true : exitCode === 1 ? false : null;
}

/**
 * The commit between two commits that takes the first one back, by the words that `git revert` writes; null where none
 * does, or where that one was taken back itself. Throws K2005 and K2010.
 */
export async function findRevert(input: HistoryInput): Promise<string | null> {
  const { ancestor, descendant } = input;
  const words = `--grep=This reverts commit ${ancestor}`;
  const range = `${ancestor}..${descendant}`;
  const { exitCode, stdout } = await gitAt(input)("log", "--format=%H", "--fixed-strings", words, range);
  const [newest = ""] = exitCode === 0 ? stdout.toString("utf8").split("\n") : [];
  if (newest === "") return null;
  return (await findRevert({ ...input, ancestor: newest })) === null ? newest : null;
}

function gitAt({ repository, timeoutMs = 60_000 }: HistoryInput) {
  const at = ["-C", resolve(repository)];
  return async (...args: string[]) => runGit({ at, args, timeoutMs, configuration: "user" });
}
