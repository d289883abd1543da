import { decodeText } from "@keelson/model";

/** What a line says of one attribute: set, unset, unspecified again, or a text. */
export type AttributeValue = true | false | null | string;

export interface AttributeState {
  name: string;
  value: AttributeValue;
  /** As it is written, such as `-text`. */
  written: string;
  /** From 1. */
  column: number;
}

/** A line that gives attributes to paths, or that gives them a name together. */
export interface AttributeLine {
  /** From 1. */
  line: number;
  /** The name of a macro attribute; null for a line about paths. */
  macro: string | null;
  pattern: string;
  states: readonly AttributeState[];
}

/** Git skips longer lines (attr.h). */
const longestLine = 2048;

const macroPrefix = "[attr]";

/**
 * The lines of a .gitattributes that count. Its text has one character for each byte. As Git does, it skips a line with a
 * name that no attribute can have, and macros where they may not be.
 */
export function readAttributeLines(
  text: string,
  { mayHaveMacros }: { mayHaveMacros: boolean },
): AttributeLine[] {
  const lines = text.replace(/^\u00ef\u00bb\u00bf/, "").split("\n");
  return lines.flatMap((line, index) => {
    if (line.length >= longestLine) return [];
    const read = readLine(line);
    if (read === null || (read.macro !== null && !mayHaveMacros)) return [];
    return [{ line: index + 1, ...read }];
  });
}

function readLine(line: string): Omit<AttributeLine, "line"> | null {
  const start = line.search(/[^ \t\r]/);
  if (start < 0 || line[start] === "#") return null;
  const { pattern, next } = readPattern(line, start);
  const states = readStates(line, next);
  if (states === null) return null;
  if (pattern.length <= macroPrefix.length || !pattern.startsWith(macroPrefix)) {
    return { macro: null, pattern, states };
  }
  const macro = /^[ \t\r]*([^ \t\r]*)/.exec(pattern.slice(macroPrefix.length))?.[1] ?? "";
  return isAttributeName(macro) ? { macro, pattern, states } : null;
}

/** A pattern ends at white space, or is in double quotes like a text of C. */
function readPattern(line: string, start: number): { pattern: string; next: number } {
  const quoted = line[start] === '"' ? unquote(line, start) : null;
  if (quoted !== null) return { pattern: quoted.text, next: quoted.next };
  const end = line.slice(start).search(/[ \t\r]/);
  const next = end < 0 ? line.length : start + end;
  return { pattern: line.slice(start, next), next };
}

const escapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

/** The text in quotes; null when it does not end or has an escape that does not exist. */
function unquote(line: string, start: number): { text: string; next: number } | null {
  let text = "";
  for (let at = start + 1; at < line.length; at++) {
    const char = line[at] ?? "";
    if (char === '"') return { text, next: at + 1 };
    if (char !== "\\") {
      text += char;
      continue;
    }
    const octal = /^[0-3][0-7]{2}/.exec(line.slice(at + 1, at + 4))?.[0];
    const simple = escapes[line[at + 1] ?? ""];
    if (octal === undefined && simple === undefined) return null;
    text += octal === undefined ? simple : String.fromCharCode(Number.parseInt(octal, 8));
    at += octal === undefined ? 1 : 3;
  }
  return null;
}

/** Null when one of them has a name that no attribute can have: then the whole line does not count. */
function readStates(line: string, from: number): AttributeState[] | null {
  const states: AttributeState[] = [];
  for (const { 0: written, index } of line.slice(from).matchAll(/[^ \t\r]+/g)) {
    const [, sign = "", name = "", value] = /^([-!]?)([^=]*)(?:=(.*))?$/s.exec(written) ?? [];
    if (!isAttributeName(name)) return null;
    const plain = value === undefined || decode(value);
    const state = sign === "-" ? false : sign === "!" ? null : plain;
    const column = decode(line.slice(0, from + index)).length + 1;
    states.push({ name, value: state, written: decode(written), column });
  }
  return states;
}

/** The characters of a text that has one for each byte. */
function decode(bytes: string): string {
  return decodeText(Buffer.from(bytes, "latin1"));
}

function isAttributeName(name: string): boolean {
  return /^[A-Za-z0-9_.][-A-Za-z0-9_.]*$/.test(name);
}
