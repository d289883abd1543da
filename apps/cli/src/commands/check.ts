import { resolve } from "node:path";

import { KeelsonError, stalled } from "@keelson/model";

import { checkRepository } from "../checked-repository.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { count, printProblems, printWarnings } from "../print/problems.ts";

/** Reads every document, and renders and resolves every node. It is the check for pull requests. */
export async function check(
  options: { repository: string; revision?: string },
  output: Output,
): Promise<ExitCode> {
  const { repository, nodes, problems, warnings } = await checkRepository(options);
  printWarnings(output, warnings);
  if (problems.length > 0) {
    if (output.json) output.printJson({ problems, warnings });
    else printProblems(output, problems);
    return exitCodes.failed;
  }
  if (repository.releases.size === 0 && repository.environments.size === 0)
    throw nothingThere(options.repository);
  const counts = {
    releases: repository.releases.size,
    localPackages: repository.local.size,
    environments: repository.environments.size,
    nodes: nodes.length,
  };
  if (output.json) output.printJson({ problems: [], warnings, ...counts });
  else {
    const checked = [
      ...(counts.releases === 0 && counts.localPackages > 0 ? [] : [count(counts.releases, "release")]),
      ...(counts.localPackages === 0 ? [] : [count(counts.localPackages, "local package")]),
      count(counts.environments, "environment"),
      count(counts.nodes, "node"),
    ];
    output.print(`${output.style("green", "ok")}  ${checked.join(", ")} checked`);
  }
  return exitCodes.done;
}

/** Without this error, a pipeline in the wrong folder would be green. */
function nothingThere(folder: string): KeelsonError {
  return new KeelsonError({
    code: "K9014",
    message: `there is neither a release nor an environment in ${resolve(folder)}`,
    hint: "Name the state repository with -C DIR: the folder that holds releases/ and environments/.",
    outcome: stalled,
  });
}
