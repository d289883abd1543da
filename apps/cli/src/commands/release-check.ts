import { type ReleaseName, missingRelease } from "@keelson/node";
import type { Problem } from "@keelson/model";

import { checkRepository } from "../checked-repository.ts";
import type { RepositoryOptions } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { count, printProblems, printWarnings } from "../print/problems.ts";
import { readReleaseReference } from "../release-reference.ts";

/** What is wrong with one release of the work tree, and nothing of other releases and of environments. */
export async function releaseCheck(
  { repository }: RepositoryOptions,
  { release, output }: { release: string; output: Output },
): Promise<ExitCode> {
  const checked = await checkRelease(repository, readReleaseReference(release, null));
  const { name, version, packages, problems, warnings } = checked;
  if (output.json) output.printJson(checked);
  else {
    printWarnings(output, warnings);
    if (problems.length > 0) printProblems(output, problems);
    else
      output.print(
        `${output.style("green", "ok")}  ${name} ${version}, ${count(packages, "package")} checked`,
      );
  }
  return problems.length > 0 ? exitCodes.failed : exitCodes.done;
}

export interface CheckedRelease extends ReleaseName {
  /** How many it has; 0 where it cannot be read. */
  packages: number;
  problems: Problem[];
  warnings: Problem[];
}

/**
 * What `keelson check` says of the files of one release, and whether it is published already and has changed since. Throws K1102
 * where there is none.
 */
export async function checkRelease(path: string, { name, version }: ReleaseName): Promise<CheckedRelease> {
  const folder = `releases/${name}/${version}`;
  const { repository, ...found } = await checkRepository({ repository: path });
  const isOf = ({ file }: { file: string }) => `${file}/`.startsWith(`${folder}/`);
  const [problems, warnings] = [found.problems.filter(isOf), found.warnings.filter(isOf)];
  const read = repository.releases.get(`${name}@${version}`);
  if (read === undefined && problems.length === 0) throw missingRelease({ name, version });
  return { name, version, packages: read?.packages.size ?? 0, problems, warnings };
}
