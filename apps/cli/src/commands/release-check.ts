import { missingRelease } from "@keelson/node";

import { checkRepository } from "../checked-repository.ts";
import type { RepositoryOptions } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { count, printProblems, printWarnings } from "../print/problems.ts";
import { readReleaseReference } from "../release-reference.ts";

/**
 * What is wrong with one release of the work tree: what `keelson check` says of its files, whether it is published already and has
 * changed since, and nothing of other releases and of environments.
 */
export async function releaseCheck(
  { repository: path }: RepositoryOptions,
  { release, output }: { release: string; output: Output },
): Promise<ExitCode> {
  const { name, version } = readReleaseReference(release, null);
  const folder = `releases/${name}/${version}`;
  const { repository, ...found } = await checkRepository({ repository: path });
  const isOf = ({ file }: { file: string }) => `${file}/`.startsWith(`${folder}/`);
  const [problems, warnings] = [found.problems.filter(isOf), found.warnings.filter(isOf)];
  const read = repository.releases.get(`${name}@${version}`);
  if (read === undefined && problems.length === 0) throw missingRelease({ name, version });
  const packages = read?.packages.size ?? 0;
  if (output.json) output.printJson({ name, version, packages, problems, warnings });
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
