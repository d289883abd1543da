import type { StateImport } from "@keelson/node";

import type { Output } from "../output.ts";
import { count } from "./problems.ts";

type Running = StateImport["running"][number];
type Row = StateImport["rows"][number];

/** What takes a project over, or would if a person says that it is the same. */
interface Fate {
  taken: Row | undefined;
  namesake: Row | undefined;
}

/** What becomes of each project that the engine has, and what of it is left alone. */
export function printRunning(
  output: Output,
  { running, unasked, rows }: Pick<StateImport, "running" | "unasked" | "rows">,
): void {
  if (running.length + unasked.length === 0) return;
  output.print(`\nOn the engine:`);
  for (const project of running) {
    const taken = rows.find(
      ({ folder, project: name, adopt }) => folder === project.folder && name === project.name && adopt,
    );
    const namesake = rows.find(
      ({ folder, project: name, imported }) =>
        folder === project.namesake && name === project.name && imported,
    );
    const of = { taken, namesake };
    output.print(`  ${project.name}  ${count(project.containers, "container")}  ${fateOf(project, of)}`);
    for (const note of notesOf(project, of)) output.print(`    ${note}`);
  }
  if (unasked.length > 0) output.print(`  ${unasked.join(", ")}: not asked for`);
}

function fateOf(
  { folder, configFiles, isManaged, isGone, containers }: Running,
  { taken, namesake }: Fate,
): string {
  const files = configFiles.join(", ");
  if (isManaged) return "Keelson's already";
  if (taken !== undefined) return `taken over from ${taken.folder}${asInstance(taken)}`;
  if (containers === 0) return "nothing to take over";
  if (namesake !== undefined && isGone)
    return `runs from ${files}, which this machine has no more; ${namesake.folder} here has its name`;
  if (namesake !== undefined) return `runs from ${files}, whose contents differ from ${namesake.folder} here`;
  if (isGone) return `no folder here, and its files are not on this machine: ${files}`;
  if (folder === null) return `no folder here: ${files === "" ? "its files are not known" : files}`;
  return `left alone: ${folder === "" ? files : folder} is refused above`;
}

function asInstance({ folder, instance }: Row): string {
  return folder.endsWith(`/${instance}`) || folder === instance ? "" : ` as instance ${instance}`;
}

function notesOf(project: Running, { taken, namesake }: Fate): string[] {
  const { name, folder, knownBy, isGone, isManaged, containers, stopped, oneOffs, oldNames } = project;
  const isTaken = taken !== undefined;
  const isSame = namesake !== undefined && !isManaged && containers > 0;
  const isLeft = folder === null && !isSame && !isManaged && containers > 0;
  return [
    ...(isSame ? [howToAdopt(project, namesake)] : []),
    ...(isTaken && knownBy === "name" ? ["known by its name alone, since the engine tells no files"] : []),
    ...(isLeft && !isGone ? ["To take it over, put its folder into the repository and import again."] : []),
    ...(isLeft && isGone
      ? [
          `To take it over, write a Compose file of it in the repository; to remove it: docker compose --project-name ${name} down`,
        ]
      : []),
    ...(stopped === 0
      ? []
      : [
          `${stopped} of ${containers} ${stopped === 1 ? "does" : "do"} not run${isTaken ? ": keelson apply starts what its Compose file wants to run" : ""}`,
        ]),
    ...(isTaken && oldNames.length > 0
      ? [`${oldNames.join(", ")}: named by Compose 1, and renamed as Compose 2 would when it is taken over`]
      : []),
    ...(oneOffs.length === 0
      ? []
      : [
          `${oneOffs.join(", ")}: made by docker compose run, and left alone; docker rm removes what has ended`,
        ]),
  ];
}

function howToAdopt({ name, workingDir, binds }: Running, { instance }: Row): string {
  const isBelow = workingDir !== "" && binds.some((path) => path.startsWith(`${workingDir}/`));
  const folders = isBelow ? `, and dataFolders: { ${instance}: ${workingDir} }` : "";
  return `If it is the same: add adopt: true to instance ${instance} in environment.yaml, and ${name} to allow.adopt in agent.yaml${folders}. keelson plan shows what differs.`;
}
