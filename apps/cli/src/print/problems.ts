import type { Problem } from "@keelson/model";
import { formatProblems } from "@keelson/report";

import type { Output } from "../output.ts";

/** Warnings go to stderr as text; as JSON they stand with what the command prints. */
export function printWarnings(output: Output, warnings: readonly Problem[]): void {
  if (output.json || warnings.length === 0) return;
  const colour = output.styleError("yellow", "") !== "";
  output.printError(`${formatProblems(warnings, { colour, kind: "warning" })}\n`);
}

/** Problems go to stderr as text, or to stdout as JSON. */
export function printProblems(output: Output, problems: readonly Problem[]): void {
  if (output.json) return output.printJson({ problems });
  const files = new Set(problems.map(({ file }) => file)).size;
  output.printError(formatProblems(problems, { colour: output.styleError("red", "") !== "" }));
  output.printError(`\n${count(problems.length, "problem")} in ${count(files, "file")}.`);
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
