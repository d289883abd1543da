import { describeAsk } from "@keelson/grants";
import { type Problem, composeProjectName } from "@keelson/model";
import type { StateImport } from "@keelson/node";

import type { Output } from "../output.ts";
import { count } from "./problems.ts";

interface Shown extends StateImport {
  environment: string;
  node: string;
  /** Null where nothing was to be written. */
  made: { madeRepository: boolean; written: readonly string[] } | null;
}

export function printImport(output: Output, shown: Shown): void {
  printProjects(output, shown);
  printSecrets(output, shown);
  printRunning(output, shown);
  const { imported, refused, found, made } = shown;
  output.print(
    `\n${count(found.length, "project")} found, ${imported.length} imported, ${refused.size} refused.`,
  );
  if (imported.length === 0) return;
  if (made === null)
    for (const [path, text] of shown.documents) {
      const note = shown.there.includes(path) ? ", which is there already and is not changed" : "";
      output.print(`\n# ${path}${note}\n${text.trimEnd()}`);
    }
  else {
    if (made.madeRepository) output.print("\nmade    a Git repository with the branch main");
    for (const path of made.written) output.print(`wrote   ${path}`);
  }
  if (shown.agentText !== "")
    output.print(`\n# What agent.yaml of ${shown.node} has to permit, if you agree:\n${shown.agentText}`);
  output.print(`\nNext:`);
  for (const step of nextSteps(shown)) output.print(`  ${step}`);
}

function printProjects(output: Output, { found, imported, asks, refused }: Shown): void {
  for (const { folder, composeFiles } of found) {
    const name = folder === "" ? composeFiles.join(", ") : folder;
    const made = imported.find((each) => each.folder === folder);
    if (made === undefined) {
      output.print(`${output.style("red", "refused")}   ${name}`);
      for (const problem of refused.get(folder) ?? []) printRefusal(output, problem);
      continue;
    }
    const { instance, project, adopt } = made;
    output.print(
      `${output.style("green", "as it is")}  ${name}  project ${project}${adopt ? ", taken over" : ""}`,
    );
    if (instance !== folder.slice(folder.lastIndexOf("/") + 1))
      output.print(
        `          instance ${instance}, since its folder's name is none that an instance can have, or another's`,
      );
    if (project !== composeProjectName(folder.slice(folder.lastIndexOf("/") + 1)))
      output.print(`          project: ${project} is written down, since the folder would give another name`);
    const words = new Set((asks.get(instance) ?? []).map((ask) => describeAsk(ask)));
    if (words.size > 0) output.print(`          may reach ${[...words].join(", ")}`);
  }
}

function printRefusal(output: Output, { code, file, line, message, hint }: Problem): void {
  output.print(`          ${code}  ${file}:${line}  ${message}`);
  if (hint !== undefined) output.print(`          ${hint}`);
}

function printSecrets(output: Output, { found }: Shown): void {
  const files = found.filter(({ secrets }) => secrets.length > 0);
  if (files.length === 0) return;
  output.print(`\nIn plain text, where everybody who reads the repository reads them:`);
  for (const { folder, secrets } of files)
    output.print(`  ${folder === "" ? "" : `${folder}/`}.env  ${secrets.join(", ")}`);
  output.print("  They work as they are. How to encrypt them: docs/spec/environment.md, Secrets in Git.");
}

function printRunning(output: Output, { running, imported }: Shown): void {
  if (running.length === 0) return;
  output.print(`\nOn the engine:`);
  for (const { name, folder, containers, configFiles, isManaged } of running) {
    const isAdopted = imported.some((each) => each.folder === folder && each.project === name && each.adopt);
    const fate = isManaged
      ? "is Keelson's already"
      : isAdopted
        ? `is taken over from ${folder}`
        : folder === null
          ? `has no folder here: ${configFiles.join(", ") || "its files are not known"}`
          : `is left alone: ${folder} is not imported as this project`;
    output.print(`  ${name}  ${count(containers, "container")}  ${fate}`);
  }
}

function nextSteps({ environment, node, made, agentText, there }: Shown): string[] {
  const reference = `-e ${environment} -n ${node}`;
  if (made === null && there.length > 0)
    return ["Copy what you want of the proposal, or name another environment: keelson import -e NAME"];
  return [
    ...(made === null ? [`keelson import ${reference} --write`] : []),
    "keelson check",
    'git add --all && git commit -m "Let Keelson run what is here"',
    ...(agentText === "" ? [] : [`keelson allow explain ${reference}`]),
    `keelson plan ${reference}`,
    `sudo keelson apply ${reference}`,
  ];
}
