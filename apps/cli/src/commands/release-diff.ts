import { KeelsonError, stalled } from "@keelson/model";
import { type ReleaseName, compareWorkTree } from "@keelson/node";
import { formatReleaseDifference } from "@keelson/report";

import type { RepositoryOptions } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";

export interface ReleaseDiffOptions extends RepositoryOptions {
  format: "text" | "markdown";
  exitCode?: boolean;
}

/** Prints what two releases have differently. */
export async function releaseDiff(
  { repository, format, exitCode = false }: ReleaseDiffOptions,
  { before, after, output }: { before: string; after: string; output: Output },
): Promise<ExitCode> {
  const first = readName(before, null);
  const compared = await compareWorkTree(repository, { before: first, after: readName(after, first) });
  if (output.json) output.printJson(compared);
  else output.print(formatReleaseDifference(compared, { form: format }).trimEnd());
  const isSame = compared.before.digest === compared.after.digest;
  return exitCode && !isSame ? exitCodes.changes : exitCodes.done;
}

/** `shop@1.2.0`, `releases/shop/1.2.0`, or the version alone of the release that was named before. */
function readName(text: string, before: ReleaseName | null): ReleaseName {
  const [, name = before?.name, version] =
    /^(?:(?:.*\/)?releases\/)?([^/@]+)[@/]([^/@]+)\/?$/.exec(text) ?? /^()([^/@]+)$/.exec(text) ?? [];
  const known = name === "" ? before?.name : name;
  if (known !== undefined && version !== undefined) return { name: known, version };
  throw new KeelsonError({
    code: "K9010",
    message: `${JSON.stringify(text)} names no release`,
    hint: "Write NAME@VERSION, such as shop@1.2.0.",
    outcome: stalled,
  });
}
