import { dockerConfigPlace, findComposeBinary, makeImageLocks, writeImageLocks } from "@keelson/node";

import type { RepositoryOptions } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printImageLocks, showAsking } from "../print/image-lock.ts";
import { printProblems, printWarnings } from "../print/problems.ts";

/** Writes the locks of images. With a problem none is written. */
export async function releaseLock(
  { repository }: RepositoryOptions,
  { asked, output, signal }: { asked: readonly string[]; output: Output; signal: AbortSignal },
): Promise<ExitCode> {
  const asking = showAsking(output);
  const made = await makeImageLocks(repository, {
    asked,
    findComposeBinary: async () => findComposeBinary(process.env),
    dockerConfig: dockerConfigPlace(null, process.env),
    signal,
    onProgress: asking.show,
  }).finally(asking.end);
  const { locks, problems, warnings } = made;
  printWarnings(output, warnings);
  if (problems.length > 0) {
    if (output.json) output.printJson(made);
    else printProblems(output, problems);
    return exitCodes.failed;
  }
  await writeImageLocks(repository, locks);
  if (output.json) output.printJson(made);
  else printImageLocks(output, locks);
  return exitCodes.done;
}
