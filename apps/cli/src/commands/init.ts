import { relative } from "node:path";

import { initState } from "@keelson/node";

import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { count, printWarnings } from "../print/problems.ts";

/** Makes a folder a state repository. Nothing that is there is changed, and nothing is committed. */
export async function init(
  { state, environment, node }: { state: string; environment: string; node: string },
  output: Output,
): Promise<ExitCode> {
  const made = await initState(state, { environment, node });
  if (output.json) {
    output.printJson({ folder: state, environment, node, ...made });
    return exitCodes.done;
  }
  if (made.madeRepository) output.print(`made    a Git repository with the branch main`);
  for (const path of made.written) output.print(`wrote   ${path}`);
  for (const path of made.left) output.print(`left    ${path}  is there already`);
  printWarnings(output, made.warnings);
  output.print(`\n${count(made.written.length, "file")} written in ${state}. Next:`);
  for (const step of nextSteps({ state, environment, node })) output.print(`  ${step}`);
  return exitCodes.done;
}

function nextSteps({
  state,
  environment,
  node,
}: {
  state: string;
  environment: string;
  node: string;
}): string[] {
  const folder = relative(process.cwd(), state);
  return [
    ...(folder === "" ? [] : [`cd ${quoted(folder)}`]),
    "keelson check",
    `keelson plan --from none -e ${environment} -n ${node}`,
    'git add --all && git commit -m "Run hello 0.1.0"',
  ];
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
