import type { Problem } from "@keelson/model";

import { cellsOf, escapeText, type Cell } from "./visible-text.ts";

export interface ProblemFormat {
  /** ANSI colours, for a terminal. */
  colour?: boolean;
  /** `warning` for what stops nothing. */
  kind?: "error" | "warning";
}

/** Columns of a source line that are shown around the caret. */
const shownColumns = 100;

/**
 * A problem as people read it: code, place and message, the line with a caret under the column, the hint.
 * Everything that comes from a repository is made visible: it can neither move the cursor nor reorder or hide text.
 */
export function formatProblem(
  problem: Problem,
  { colour = false, kind = "error" }: ProblemFormat = {},
): string {
  const { red, yellow, bold, blue } = colour ? colours : noColours;
  const mark = kind === "error" ? red : yellow;
  const place = `${escapeText(problem.file)}:${problem.line}:${problem.column}`;
  const lines = [
    `${mark(`${kind}[${escapeText(problem.code)}]`)} ${bold(place)} ${escapeText(problem.message)}`,
  ];
  if (problem.sourceLine !== undefined && problem.sourceLine.trim() !== "") {
    const number = String(problem.line).padStart(4);
    const { text, caretColumn } = showLine(problem.sourceLine, problem.column);
    lines.push(`${blue(`${number} |`)} ${text}`);
    lines.push(`${blue(`${" ".repeat(number.length)} |`)} ${" ".repeat(caretColumn)}${mark("^")}`);
  }
  if (problem.hint !== undefined) lines.push(`  ${blue("hint:")} ${escapeText(problem.hint)}`);
  return lines.join("\n");
}

/** All problems in their order, an empty line between them. */
export function formatProblems(problems: readonly Problem[], format: ProblemFormat = {}): string {
  return problems.map((problem) => formatProblem(problem, format)).join("\n\n");
}

/** The line, cut around the caret when it is long, and the display column (from 0) of the caret. */
function showLine(sourceLine: string, column: number): { text: string; caretColumn: number } {
  const cells = cellsOf(sourceLine);
  const found = cells.findIndex(({ end }) => end >= column);
  const caret = found < 0 ? cells.length : found;
  const before = lastWithin(cells.slice(0, caret), (shownColumns * 2) / 3);
  const cutBefore = before.length < caret ? "…" : "";
  const room = shownColumns - widthOf(before);
  const after = firstWithin(cells.slice(caret), room);
  const cutAfter = caret + after.length < cells.length ? "…" : "";
  const text = `${cutBefore}${[...before, ...after].map((cell) => cell.text).join("")}${cutAfter}`;
  return { text: text.trimEnd(), caretColumn: cutBefore.length + widthOf(before) };
}

/** The cells from the start that fit into so many columns. */
function firstWithin(cells: readonly Cell[], columns: number): Cell[] {
  const fitting: Cell[] = [];
  let width = 0;
  for (const cell of cells) {
    width += cell.width;
    if (width > columns) break;
    fitting.push(cell);
  }
  return fitting;
}

function lastWithin(cells: readonly Cell[], columns: number): Cell[] {
  return firstWithin(cells.toReversed(), columns).toReversed();
}

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((width, cell) => width + cell.width, 0);
}

const sgr = (code: string) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const colours = { red: sgr("1;31"), yellow: sgr("1;33"), bold: sgr("1"), blue: sgr("34") };
const asItIs = (text: string): string => text;
const noColours = { red: asItIs, yellow: asItIs, bold: asItIs, blue: asItIs };
