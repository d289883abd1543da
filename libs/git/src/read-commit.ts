import { resolve } from "node:path";

import type { KeelsonError, Snapshot } from "@keelson/model";

import { startDeadline } from "./deadline.ts";
import type { FileLimit } from "./file-set.ts";
import { gitError } from "./git-error.ts";
import { type SystemGitEnd, runGit } from "./system-git.ts";
import { openSystemReader } from "./system-reader.ts";

export interface ReadCommitInput extends FileLimit {
  /** A checkout, a folder in one, or a bare repository. */
  repository: string;
  /** Anything that git-rev-parse(1) resolves to a commit. */
  revision: string;
  timeoutMs: number;
}

/**
 * Returns a commit of a repository on this machine. For a folder inside a checkout it has only the files below that
 * folder, with paths relative to it. Throws K2004 when there is no repository or no such commit, K2005, K2007, K2008,
 * K2009, K2010.
 */
export async function readCommit(input: ReadCommitInput): Promise<Snapshot> {
  const { repository, revision, timeoutMs } = input;
  const deadline = startDeadline(timeoutMs);
  const at = ["-C", resolve(repository)];
  const run = (args: readonly string[]) =>
    runGit({ at, args, timeoutMs: deadline.leftMs(), configuration: "user" });

  const options = ["--verify", "--quiet", "--end-of-options"];
  // No argument of a program can have a NUL.
  const found = revision.includes("\0") ? null : await run(["rev-parse", ...options, `${revision}^{commit}`]);
  const commit = found?.stdout.toString("utf8").trim() ?? "";
  if (found?.exitCode !== 0 || commit === "") {
    throw await missingCommit({ repository, revision, run });
  }
  const named = await run([
    "rev-parse",
    "--symbolic-full-name",
    "--verify",
    "--quiet",
    "--end-of-options",
    revision,
  ]);
  const ref = named.stdout.toString("utf8").trim();

  const reader = openSystemReader({ at, commit, configuration: "user", timeoutMs });
  const summary = await reader.readSummary();
  return {
    commit,
    ref: ref === "" ? revision : ref,
    ...summary,
    readFiles: async (paths) => reader.readFiles(paths, input),
    listPaths: reader.listPaths,
  };
}

/** K2004 for a revision that Git does not find: there is no such commit, none at all yet, or no repository. */
export async function missingCommit({
  repository,
  revision,
  run,
}: {
  repository: string;
  revision: string;
  run: (args: readonly string[]) => Promise<SystemGitEnd>;
}): Promise<KeelsonError> {
  const gitDir = await run(["rev-parse", "--git-dir"]);
  if (gitDir.exitCode !== 0) return noRepository(repository, gitDir.complaint);
  const message =
    revision === "HEAD"
      ? `${repository} is a Git repository without a commit yet`
      : `${repository} has no commit ${JSON.stringify(revision)}`;
  return gitError("K2004", { message });
}

/** K2004: the folder is no Git repository, or Git does not trust it. */
export function noRepository(repository: string, cause: unknown) {
  return gitError("K2004", { message: `${repository} is not a Git repository that can be read`, cause });
}
