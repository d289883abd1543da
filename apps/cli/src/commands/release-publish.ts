import { publishRelease } from "@keelson/node";

import type { RepositoryOptions } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printProblems } from "../print/problems.ts";
import { readReleaseReference } from "../release-reference.ts";

export interface ReleasePublishOptions extends RepositoryOptions {
  sign?: boolean;
}

/** Commits a release and makes its tag. What is published already, and has not changed, stays as it is. */
export async function releasePublish(
  { repository, sign = false }: ReleasePublishOptions,
  { release, output }: { release: string; output: Output },
): Promise<ExitCode> {
  const published = await publishRelease(repository, {
    ...readReleaseReference(release, null),
    isSigned: sign,
  });
  const { name, version, tag, digest, commit, isThere, problems } = published;
  if (output.json) output.printJson(published);
  else if (problems.length > 0) printProblems(output, problems);
  else if (isThere) output.print(`${name} ${version} is published already, with this content: ${digest}`);
  else {
    const made = commit === null ? "" : `Committed as ${commit.slice(0, 8)}. `;
    output.print(`${made}Published ${name} ${version} as the tag ${tag}: ${digest}`);
    output.print(`Push both: git push origin HEAD ${tag}`);
  }
  return problems.length > 0 ? exitCodes.failed : exitCodes.done;
}
