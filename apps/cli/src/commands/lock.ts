import { commitLocks, makeLocks, writeLocks } from "@keelson/node";

import type { RepositoryOptions } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printLocks } from "../print/lock.ts";
import { printProblems } from "../print/problems.ts";

export interface LockOptions extends RepositoryOptions {
  environment?: string;
  commit?: boolean;
}

/** Writes the locks of environments. With a problem none is written. */
export async function lock(options: LockOptions, output: Output): Promise<ExitCode> {
  const { repository, environment, commit = false } = options;
  const { locks, problems } = await makeLocks(repository, { environment });
  if (problems.length > 0) {
    if (output.json) output.printJson({ locks: [], commit: null, problems });
    else printProblems(output, problems);
    return exitCodes.failed;
  }
  const made = commit ? await commitLocks(repository, locks) : await writeLocks(repository, locks);
  if (output.json) output.printJson({ locks, commit: made, problems });
  else printLocks(output, { locks, commit: made });
  return exitCodes.done;
}
