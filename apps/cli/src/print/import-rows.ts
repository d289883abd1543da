import { describeAsk } from "@keelson/grants";
import { type Problem, composeProjectName } from "@keelson/model";
import type { StateImport } from "@keelson/node";

import type { Output } from "../output.ts";
import { count } from "./problems.ts";

type Row = StateImport["rows"][number];

const kinds = ["service", "volume", "network", "port"] as const;

/** What becomes of each project: as it is, or refused with the reason and the way out. */
export function printProjects(output: Output, { rows, parts }: Pick<StateImport, "rows" | "parts">): void {
  for (const row of rows) {
    const { folder, composeFiles, project, adopt, imported, problems, asks } = row;
    const name = folder === "" ? composeFiles.join(", ") : folder;
    const say = (line: string) => output.print(`          ${line}`);
    if (!imported) {
      const which = isOneOf(row, rows) && project !== null ? `  project ${project}` : "";
      output.print(`${output.style("red", "refused")}   ${name}${which}`);
      for (const problem of problems) printRefusal(say, problem);
      continue;
    }
    output.print(
      `${output.style("green", "as it is")}  ${name}  project ${project}${adopt ? ", taken over" : ""}`,
    );
    for (const line of namesOf(row, rows)) say(line);
    say(contentsOf(row));
    for (const { what, because } of row.tally.leftOut) say(`without ${what}: ${because}`);
    const words = new Set(asks.map((ask) => describeAsk(ask)));
    if (words.size > 0) say(`may reach ${[...words].join(", ")}`);
  }
  for (const { folder, of } of parts)
    output.print(`${output.style("green", "a part")}    ${folder}  of ${of}, which includes it`);
}

/** What is called otherwise than the folder says, and why. */
function namesOf(row: Row, rows: readonly Row[]): string[] {
  const { folder, instance, project } = row;
  const base = folder.slice(folder.lastIndexOf("/") + 1);
  const whyInstance = isOneOf(row, rows)
    ? "since several projects run from this folder"
    : "since its folder's name is none that an instance can have, or another's";
  return [
    ...(instance === base ? [] : [`instance ${instance}, ${whyInstance}`]),
    ...(project === composeProjectName(base)
      ? []
      : [`project: ${project} is written down, since the folder would give another name`]),
  ];
}

/** Whether several projects run from its folder. */
function isOneOf({ folder }: Row, rows: readonly Row[]): boolean {
  return rows.filter((each) => each.folder === folder).length > 1;
}

function contentsOf({ tally }: Row): string {
  const parts = kinds.flatMap((kind) => {
    const [written, made] = [tally.in[`${kind}s`], tally.out[`${kind}s`]];
    if (written === 0 && made === 0) return [];
    return [made === written ? count(made, kind) : `${made} of ${count(written, kind)}`];
  });
  return parts.join(", ");
}

function printRefusal(say: (line: string) => void, { code, file, line, message, hint }: Problem): void {
  say(`${code}  ${file}:${line}  ${message}`);
  if (hint !== undefined) say(hint);
}

/** All that went in, and all that came out. */
export function printTotals(output: Output, rows: readonly Row[]): void {
  const imported = rows.filter((row) => row.imported).length;
  const sum = (side: "in" | "out", kind: (typeof kinds)[number]) =>
    rows.reduce((total, { tally }) => total + tally[side][`${kind}s`], 0);
  const totals = kinds.map((kind) => `${count(sum("in", kind), kind)} in, ${sum("out", kind)} out`);
  output.print(
    `\n${count(rows.length, "project")} found, ${imported} imported, ${rows.length - imported} refused.`,
  );
  output.print(`${totals.join("; ")}.`);
}
