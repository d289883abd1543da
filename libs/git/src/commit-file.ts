import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { stalled } from "@keelson/model";

import { gitError, isSystemError, saidByGit } from "./git-error.ts";
import { runGit } from "./system-git.ts";

const timeoutMs = 60_000;

export interface WorkTreeFile {
  /** Path below the folder. */
  path: string;
}

/**
 * Gives a file of a work tree another text; it is never half written, and keeps its mode. One that is not there is made, with its
 * folders. Throws K2012 when it cannot be written.
 */
export async function writeWorkTreeFile(
  repository: string,
  { path, text }: WorkTreeFile & { text: string },
): Promise<void> {
  const target = join(resolve(repository), path);
  const draft = `${target}.keelson-${process.pid}`;
  try {
    const mode = await modeOf(target);
    await mkdir(dirname(target), { recursive: true });
    try {
      await writeFile(draft, text, { mode, flag: "wx" });
      await rename(draft, target);
    } finally {
      await rm(draft, { force: true });
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw gitError("K2012", { message: `${target} cannot be written`, cause: error });
  }
}

async function modeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mode;
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return 0o644;
    throw error;
  }
}

/**
 * Commits files of a work tree as they lie, and nothing else, whatever is staged; no hook runs. Returns the commit.
 * Throws K2004 when the folder is no repository, K2005, K2010, and K2012 when Git makes no commit.
 */
export async function commitFiles(
  repository: string,
  { paths, message }: { paths: readonly string[]; message: string },
): Promise<string> {
  const at = ["-C", resolve(repository)];
  const run = async (args: readonly string[]) => {
    const end = await runGit({ at, args, timeoutMs, configuration: "user" });
    if (end.exitCode === 0) return end.stdout.toString("utf8").trim();
    throw gitError("K2012", {
      message: `git cannot commit ${paths.join(", ")} in ${repository}`,
      hint: saidByGit(end.complaint, "What is new is there; commit it yourself."),
      outcome: stalled,
      cause: end.complaint,
    });
  };
  await run(["--literal-pathspecs", "add", "--", ...paths]);
  await run(["--literal-pathspecs", "commit", "--quiet", "--only", `--message=${message}`, "--", ...paths]);
  return await run(["rev-parse", "HEAD"]);
}

/** Throws what `switchToNewBranch` would throw for this name, before anything is written. */
export async function requireNewBranch(repository: string, branch: string): Promise<void> {
  const at = ["-C", resolve(repository)];
  const named = await runGit({
    at,
    args: ["check-ref-format", "--branch", branch],
    timeoutMs,
    configuration: "user",
  });
  const args = ["rev-parse", "--quiet", "--verify", `refs/heads/${branch}`];
  const found = await runGit({ at, args, timeoutMs, configuration: "user" });
  if (named.exitCode === 0 && found.exitCode !== 0) return;
  throw gitError("K2012", {
    message: `git cannot make the branch ${branch} in ${repository}: ${named.exitCode === 0 ? "there is one" : "its name is none"}`,
    hint: "Name another branch, or remove the one that is there.",
    outcome: stalled,
  });
}

/**
 * Makes a branch at the commit of a work tree, and goes over to it; what is not committed stays as it is. Throws K2004, K2005,
 * K2010, and K2012 where there is such a branch already, or its name is none.
 */
export async function switchToNewBranch(repository: string, branch: string): Promise<void> {
  const args = ["switch", "--quiet", "--create", branch];
  const end = await runGit({ at: ["-C", resolve(repository)], args, timeoutMs, configuration: "user" });
  if (end.exitCode === 0) return;
  throw gitError("K2012", {
    message: `git cannot make the branch ${branch} in ${repository}`,
    hint: saidByGit(end.complaint, "Name another branch, or remove the one that is there."),
    outcome: stalled,
    cause: end.complaint,
  });
}
