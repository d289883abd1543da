import { publishRelease } from "@keelson/node";

import type { RepositoryOptions } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printProblems, printWarnings } from "../print/problems.ts";
import { readReleaseReference } from "../release-reference.ts";
import { checkRelease } from "./release-check.ts";

export interface ReleasePublishOptions extends RepositoryOptions {
  sign?: boolean;
}

/** Commits a release and makes its tag, unless `release check` finds something wrong. What is published already, and has not changed, stays as it is. */
export async function releasePublish(
  { repository, sign = false }: ReleasePublishOptions,
  { release, output }: { release: string; output: Output },
): Promise<ExitCode> {
  const named = readReleaseReference(release, null);
  const { problems, warnings } = await checkRelease(repository, named);
  if (problems.length > 0) {
    if (output.json) output.printJson({ ...named, problems, warnings });
    else printProblems(output, problems);
    return exitCodes.failed;
  }
  const published = await publishRelease(repository, { ...named, isSigned: sign });
  const { name, version, tag, digest, commit, isThere } = published;
  if (!output.json) printWarnings(output, warnings);
  if (output.json) output.printJson({ ...published, warnings });
  else if (isThere) output.print(`${name} ${version} is published already, with this content: ${digest}`);
  else {
    const made = commit === null ? "" : `Committed as ${commit.slice(0, 8)}. `;
    output.print(`${made}Published ${name} ${version} as the tag ${tag}: ${digest}`);
    output.print(`Push both: git push --atomic origin HEAD ${tag}`);
  }
  return exitCodes.done;
}
