import type { Check } from "@keelson/diagnosis";

import type { Output, Style } from "../output.ts";
import { count } from "./problems.ts";

const marks: Record<Check["result"], { mark: string; style: Style }> = {
  ok: { mark: "ok  ", style: "green" },
  warning: { mark: "warn", style: "yellow" },
  failure: { mark: "fail", style: "red" },
  "skipped-because": { mark: "skip", style: "dim" },
};

/** Prints a line for each check, with the hint below it. */
export function printDiagnosis(output: Output, checks: readonly Check[]): void {
  const width = Math.max(...checks.map(({ title }) => title.length));
  for (const { title, result, found, hint } of checks) {
    const { mark, style } = marks[result];
    // `found` has several lines when it is a list of problems.
    const [first = "", ...more] = found.split("\n");
    const said = result === "skipped-because" ? output.style("dim", first) : first;
    output.print(`${output.style(style, mark)}  ${title.padEnd(width)}  ${said}`);
    const indent = " ".repeat(width + 8);
    for (const line of more) output.print(indent + line);
    if (hint !== "") output.print(`${indent}hint: ${hint}`);
  }
  output.print(`\n${summarize(output, checks)}`);
}

function summarize(output: Output, checks: readonly Check[]): string {
  const number = (result: Check["result"]) => checks.filter((check) => check.result === result).length;
  const failures = number("failure");
  const warnings = number("warning");
  const skipped = number("skipped-because");
  const parts = [
    ...(failures === 0 ? [] : [output.style("red", count(failures, "failure"))]),
    ...(warnings === 0 ? [] : [output.style("yellow", count(warnings, "warning"))]),
    `${number("ok")} fine`,
    ...(skipped === 0 ? [] : [`${skipped} skipped`]),
  ];
  return `${parts.join(", ")}.`;
}
