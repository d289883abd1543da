import { type Problem, decodeText } from "@keelson/model";

import { type Finding, problemAt } from "./compose-document.ts";
import type { PlainFile } from "./participants.ts";
import { filledLength, isReservedVariable, reservedHint, variablesOf, withoutValue } from "./variables.ts";

const valueHint = "Write KEY=value, or KEY= for an empty value.";
const variableHint =
  "Declare it under variables in package.yaml, write $$ for a dollar sign, or put the value in single quotes.";

/** K1409 and K1411: what an `env_file` or `label_file` would take from the environment of the process that runs Compose. */
export function findForeignValues(plain: PlainFile, variables: ReadonlySet<string>): Problem[] {
  const text = decodeText(plain.bytes);
  // Label files are interpolated too, but only with what they define themselves.
  const known = new Set(plain.kind === "env_file" ? variables : []);
  const lines = text.split("\n");
  const problems: Problem[] = [];
  for (const statement of plain.raw ? rawStatementsOf(lines) : statementsOf(text)) {
    const at = { statement, sourceLine: (lines[statement.line - 1] ?? "").replace(/\r$/, "") };
    if (statement.value === null) {
      const message = withoutValue(statement.key);
      problems.push(problemIn(plain, { ...at, code: "K1409", message, hint: valueHint }));
    }
    for (const name of variablesOf(statement.value ?? "")) {
      if (isReservedVariable(name) && plain.kind === "env_file") {
        // Also when it is set above: Compose's own environment wins.
        const message = `Compose would take the variable ${name} from its own environment on the node`;
        problems.push(problemIn(plain, { ...at, code: "K1411", message, hint: reservedHint }));
      } else if (!known.has(name)) {
        const message = `the variable ${name} is neither declared nor set above`;
        problems.push(problemIn(plain, { ...at, code: "K1411", message, hint: variableHint }));
      }
    }
    known.add(statement.key);
  }
  return problems;
}

/** The length of its values with their variables filled in: a value that names the one above it twice doubles, and so on. */
export function filledLengthOf(plain: PlainFile, variables: Readonly<Record<string, string>>): number {
  const lengths = new Map(Object.entries(variables).map(([name, value]) => [name, value.length]));
  let filled = 0;
  for (const { key, value } of plain.raw ? [] : statementsOf(decodeText(plain.bytes))) {
    const length = filledLength(value ?? "", (name) => lengths.get(name) ?? 0);
    lengths.set(key, length);
    filled += key.length + length;
  }
  return Math.max(filled, plain.bytes.length);
}

/** The texts of a file that is not raw, one by one, in which variables are filled in. */
export function textsOf(plain: PlainFile): string[] {
  return [...statementsOf(decodeText(plain.bytes))].map(({ value }) => value ?? "");
}

interface Statement {
  key: string;
  /** What is interpolated: empty for a single-quoted value, null where there is none at all. */
  value: string | null;
  line: number;
}

/**
 * The statements of a dotenv file as Compose reads them: `KEY=value` or `KEY: value`, a quoted value may span lines, and
 * what follows its closing quote is the next statement.
 */
function* statementsOf(text: string): Generator<Statement> {
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const end = lineEnd(text, at);
    const body = text.slice(at, end).trimStart();
    const separator = body.search(/[=:]/);
    if (body === "" || body.startsWith("#") || separator === -1) {
      if (body !== "" && !body.startsWith("#")) yield { key: keyOf(body), value: null, line };
      at = end + 1;
      line++;
      continue;
    }
    const key = keyOf(body.slice(0, separator));
    const rest = body.slice(separator + 1).trimStart();
    const start = end - rest.length;
    const close = closingQuote(text, start);
    if (close === -1) {
      yield { key, value: rest, line };
      at = end + 1;
      line++;
      continue;
    }
    const value = text.slice(start + 1, close);
    yield { key, value: text[start] === "'" ? "" : value.replaceAll("\\$", ""), line };
    at = close + 1;
    line += value.split("\n").length - 1;
  }
}

/** `format: raw`: a line is a statement, and its value is taken as it is. */
function* rawStatementsOf(lines: readonly string[]): Generator<Statement> {
  for (const [index, line] of lines.entries()) {
    const body = line.trim();
    if (body === "" || body.startsWith("#")) continue;
    const separator = body.indexOf("=");
    const key = separator === -1 ? body : body.slice(0, separator);
    yield { key, value: separator === -1 ? null : "", line: index + 1 };
  }
}

function keyOf(text: string): string {
  return text.trim().replace(/^export\s+/, "");
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

/** Where the quote that begins at `start` ends; -1 when none begins there or it never ends. */
function closingQuote(text: string, start: number): number {
  const quote = text[start];
  if (quote !== '"' && quote !== "'") return -1;
  for (let at = text.indexOf(quote, start + 1); at !== -1; at = text.indexOf(quote, at + 1)) {
    if (text[at - 1] !== "\\") return at;
  }
  return -1;
}

interface Found {
  statement: Statement;
  sourceLine: string;
  code: string;
  message: string;
  hint: string;
}

/** The place is in the file itself; a rendered file has no lines in the repository, so the place is where it is named. */
function problemIn(plain: PlainFile, { statement, sourceLine, code, message, hint }: Found): Problem {
  if (plain.file === null) {
    const finding: Finding = {
      code,
      path: plain.namedBy.path,
      message: `line ${statement.line} of the rendered ${plain.path}: ${message}`,
      hint,
    };
    return problemAt(plain.namedBy.document, finding);
  }
  return {
    code,
    file: plain.file,
    line: statement.line,
    column: 1,
    path: statement.key,
    message,
    hint,
    sourceLine,
  };
}
