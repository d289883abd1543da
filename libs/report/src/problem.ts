import type { Problem } from "@keelson/model";

export interface ProblemFormat {
  /** ANSI colours, for a terminal. */
  colour?: boolean;
}

/** Columns of a source line that are shown around the caret. */
const shownColumns = 100;

/**
 * A problem as people read it: code, place and message, the line with a caret, the hint. Everything that comes
 * from a repository is made visible: it can neither move the cursor nor reorder or hide text.
 */
export function formatProblem(problem: Problem, { colour = false }: ProblemFormat = {}): string {
  const paint = colour ? colours : plain;
  const place = `${escapeText(problem.file)}:${problem.line}:${problem.column}`;
  const lines = [
    `${paint.red(`error[${escapeText(problem.code)}]`)} ${paint.bold(place)} ${escapeText(problem.message)}`,
  ];
  if (problem.sourceLine !== undefined && problem.sourceLine.trim() !== "") {
    const gutter = String(problem.line).padStart(4);
    const { text, caretColumn } = showLine(problem.sourceLine, problem.column);
    lines.push(`${paint.blue(`${gutter} |`)} ${text}`);
    lines.push(`${paint.blue(`${" ".repeat(gutter.length)} |`)} ${" ".repeat(caretColumn)}${paint.red("^")}`);
  }
  if (problem.hint !== undefined) lines.push(`  ${paint.blue("hint:")} ${escapeText(problem.hint)}`);
  return lines.join("\n");
}

/** All problems in their order, an empty line between them. */
export function formatProblems(problems: readonly Problem[], format: ProblemFormat = {}): string {
  return problems.map((problem) => formatProblem(problem, format)).join("\n\n");
}

/**
 * Text of a repository for one line of output: control, formatting, bidirectional and private characters and
 * lone surrogates as visible escapes such as `\u{1b}`.
 */
export function escapeText(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]/gu,
    escapeCharacter,
  );
}

function escapeCharacter(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** The line, cut around the caret when it is long, and the display column (from 0) of the caret. */
function showLine(sourceLine: string, column: number): { text: string; caretColumn: number } {
  const cells = [...cellsOf(sourceLine)];
  const caret = cells.findIndex(({ end }) => end > column - 1);
  const caretCell = caret < 0 ? cells.length : caret;
  const start = firstShown(cells, caretCell);
  const prefix = start > 0 ? "…" : "";
  let text = prefix;
  let width = prefix.length;
  let caretColumn = 0;
  let next = start;
  for (; next < cells.length && width < shownColumns; next++) {
    const cell = cells[next];
    if (cell === undefined) break;
    if (next === caretCell) caretColumn = width;
    text += cell.text;
    width += cell.width;
  }
  if (caretCell >= next) caretColumn = width;
  return { text: next < cells.length ? `${text}…` : text.trimEnd(), caretColumn };
}

/** A long line begins so far before the caret that it stands past the middle. */
function firstShown(cells: readonly Cell[], caretCell: number): number {
  let before = 0;
  for (const cell of cells.slice(0, caretCell)) before += cell.width;
  let start = 0;
  for (; before > (shownColumns * 2) / 3 && start < caretCell; start++) before -= cells[start]?.width ?? 0;
  return start;
}

/** What one character becomes on the terminal. */
interface Cell {
  text: string;
  width: number;
  /** Offset after the character in UTF-16 code units, as columns count. */
  end: number;
}

function* cellsOf(line: string): Generator<Cell> {
  let end = 0;
  for (const character of line) {
    end += character.length;
    const text = character === "\t" ? "  " : escapeText(character);
    yield { text, width: displayWidth(text), end };
  }
}

/** Columns of a terminal, by Unicode's East Asian Width (UAX #11) and combining marks. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{Mn}|\p{Me}/u.test(character)) continue;
    width += widePattern.test(character) ? 2 : 1;
  }
  return width;
}

const widePattern =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

const paintWith = (code: string) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const colours = { red: paintWith("1;31"), bold: paintWith("1"), blue: paintWith("34") };
const unpainted = (text: string): string => text;
const plain: typeof colours = { red: unpainted, bold: unpainted, blue: unpainted };
