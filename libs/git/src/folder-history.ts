import { resolve } from "node:path";

import { noRepository } from "./read-commit.ts";
import { runGit } from "./system-git.ts";

export interface FolderHistoryInput {
  /** A checkout, a folder in one, or a bare repository. */
  repository: string;
  /** A path below `repository`. */
  folder: string;
  /** No more commits than this. */
  most: number;
  timeoutMs: number;
}

/**
 * The commits at which a folder of HEAD's history has changed, on whatever branch that was, the newest first. Throws K2004 when
 * there is no repository or no commit, K2005, K2010.
 */
export async function listFolderCommits(input: FolderHistoryInput): Promise<string[]> {
  const { repository, folder, most, timeoutMs } = input;
  const options = ["--full-history", `--max-count=${most}`, "HEAD"];
  const { exitCode, stdout, complaint } = await runGit({
    at: ["-C", resolve(repository)],
    args: ["--literal-pathspecs", "rev-list", ...options, "--", folder],
    timeoutMs,
    configuration: "user",
  });
  if (exitCode !== 0) throw noRepository(repository, complaint);
  return stdout
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}
