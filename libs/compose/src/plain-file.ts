import {
  type ComposeInput,
  type Problem,
  decodeText,
  isReservedVariable,
  filledLength,
  statementsOf,
  type Statement,
} from "@keelson/model";

import { type Finding, problemAt } from "./compose-document.ts";
import type { PlainFile } from "./participant.ts";
import { askedVariables, reservedHint, withoutValue } from "./variables.ts";

const valueHint = "Write KEY=value, or KEY= for an empty value.";
const variableHints = {
  package:
    "Declare it under variables in package.yaml, write $$ for a dollar sign, or put the value in single quotes.",
  repository:
    "Set it above or in the .env of the folder, write $$ for a dollar sign, or put the value in single quotes.",
} as const;

/** A file of variables; `namedBy` is null for the project's own `.env`, which nothing names. */
export type VariableFile = Omit<PlainFile, "namedBy"> & { namedBy: PlainFile["namedBy"] | null };

/** K1409 and K1411: what a file would take from the environment of the process that runs Compose. */
export function findForeignValues(
  plain: VariableFile,
  { known, reach }: { known: ReadonlySet<string>; reach: ComposeInput["reach"] },
): Problem[] {
  const text = decodeText(plain.bytes);
  const lines = text.split("\n");
  const set = new Set(known);
  const problems: Problem[] = [];
  for (const statement of plain.raw ? rawStatementsOf(lines) : statementsOf(text)) {
    const { key, value } = statement;
    // What is left out for Compose takes nothing.
    if (plain.kind === "dotenv" && isReservedVariable(key)) continue;
    const at = { statement, sourceLine: (lines[statement.line - 1] ?? "").replace(/\r$/, "") };
    if (value === null && (isReservedVariable(key) || !set.has(key))) {
      problems.push(problemIn(plain, { ...at, code: "K1409", message: withoutValue(key), hint: valueHint }));
    }
    for (const name of askedVariables(value ?? "", reach)) {
      if (isReservedVariable(name) && plain.kind !== "label_file") {
        // Also when it is set above: Compose's own environment wins.
        const message = `Compose would take the variable ${name} from its own environment on the node`;
        problems.push(problemIn(plain, { ...at, code: "K1411", message, hint: reservedHint }));
      } else if (!set.has(name)) {
        const message = `the variable ${name} is neither declared nor set above`;
        problems.push(problemIn(plain, { ...at, code: "K1411", message, hint: variableHints[reach] }));
      }
    }
    set.add(key);
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

/** The names that a file sets. */
export function keysOf(plain: PlainFile): string[] {
  const text = decodeText(plain.bytes);
  return [...(plain.raw ? rawStatementsOf(text.split("\n")) : statementsOf(text))].map(({ key }) => key);
}

/** The texts of a file that is not raw, one by one, in which variables are filled in. */
export function textsOf(plain: PlainFile): string[] {
  return [...statementsOf(decodeText(plain.bytes))].map(({ value }) => value ?? "");
}

/** `format: raw`: a line is a statement, and its value is taken as it is. */
function* rawStatementsOf(lines: readonly string[]): Generator<Pick<Statement, "key" | "value" | "line">> {
  for (const [index, line] of lines.entries()) {
    const body = line.trim();
    if (body === "" || body.startsWith("#")) continue;
    const separator = body.indexOf("=");
    const key = separator === -1 ? body : body.slice(0, separator);
    yield { key, value: separator === -1 ? null : "", line: index + 1 };
  }
}

interface Found {
  statement: Pick<Statement, "key" | "line">;
  sourceLine: string;
  code: string;
  message: string;
  hint: string;
}

/** The place is in the file itself; a rendered file has no lines in the repository, so the place is where it is named. */
function problemIn(plain: VariableFile, { statement, sourceLine, code, message, hint }: Found): Problem {
  if (plain.file === null && plain.namedBy !== null) {
    const finding: Finding = {
      code,
      path: plain.namedBy.path,
      message: `line ${statement.line} of the rendered ${plain.name}: ${message}`,
      hint,
    };
    return problemAt(plain.namedBy.participant.document, finding);
  }
  return {
    code,
    file: plain.file ?? plain.path,
    line: statement.line,
    column: 1,
    path: statement.key,
    message,
    hint,
    sourceLine,
  };
}
