import type { StateImport } from "@keelson/node";

import type { Output } from "../output.ts";
import { printNetworks, printPaths, printSecrets } from "./import-reach.ts";
import { printProjects, printTotals } from "./import-rows.ts";
import { printSealed } from "./import-sealed.ts";
import { printRunning } from "./import-running.ts";

interface Shown extends StateImport {
  environment: string;
  node: string;
  /** The place of the node's agent.yaml, as the next steps say it. */
  config: string;
  /** The folder of the repository. */
  source: string;
  /** Null where nothing was to be written. */
  made: { madeRepository: boolean; written: readonly string[] } | null;
  isSealed: boolean;
}

export function printImport(output: Output, shown: Shown): void {
  printProjects(output, shown);
  printSecrets(output, shown.secrets);
  printSealed(output, shown);
  printNetworks(output, shown.networks);
  printPaths(output, shown.paths);
  printRunning(output, shown);
  printTotals(output, shown.rows);
  if (shown.rows.every(({ imported }) => !imported)) return;
  printDocuments(output, shown);
  if (shown.agentText !== "")
    output.print(`\n# What agent.yaml of ${shown.node} has to permit, if you agree:\n${shown.agentText}`);
  output.print(`\nNext:`);
  for (const step of nextSteps(shown)) output.print(`  ${step}`);
}

function printDocuments(output: Output, { made, documents, there }: Shown): void {
  if (made === null) {
    for (const [path, text] of documents) {
      const note = there.includes(path) ? ", which is there already and is not changed" : "";
      output.print(`\n# ${path}${note}\n${text.trimEnd()}`);
    }
    return;
  }
  if (made.madeRepository) output.print("\nmade    a Git repository with the branch main");
  for (const path of made.written) output.print(`wrote   ${path}`);
}

/** Those of the README. */
function nextSteps({ environment, node, config, source, made, there, isSealed }: Shown): string[] {
  const reference = `-e ${environment} -n ${node}`;
  if (made === null && there.length > 0)
    return ["Copy what you want of the proposal, or name another environment: keelson import -e NAME"];
  return [
    ...(made === null ? [`keelson import ${reference} --write${isSealed ? " --seal" : ""}`] : []),
    `write ${config}: environment: ${environment}, node: ${node}, source: { url: ${source} }, a stateDir, and what you agree with above`,
    'git add --all && git commit -m "Let Keelson run what is here"',
    `keelson plan --config ${config}`,
    `keelson apply --config ${config}`,
  ];
}
