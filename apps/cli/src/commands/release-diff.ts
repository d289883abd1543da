import { compareWorkTree } from "@keelson/node";
import { formatReleaseDifference } from "@keelson/report";

import type { RepositoryOptions } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { readReleaseReference } from "../release-reference.ts";

export interface ReleaseDiffOptions extends RepositoryOptions {
  format: "text" | "markdown";
  exitCode?: boolean;
}

/** Prints what two releases have differently. */
export async function releaseDiff(
  { repository, format, exitCode = false }: ReleaseDiffOptions,
  { before, after, output }: { before: string; after: string; output: Output },
): Promise<ExitCode> {
  const first = readReleaseReference(before, null);
  const compared = await compareWorkTree(repository, {
    before: first,
    after: readReleaseReference(after, first),
  });
  if (output.json) output.printJson(compared);
  else output.print(formatReleaseDifference(compared, { form: format }).trimEnd());
  const isSame = compared.before.digest === compared.after.digest;
  return exitCode && !isSame ? exitCodes.changes : exitCodes.done;
}
