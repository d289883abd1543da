import { fillAll, filledLength, valueOf } from "./interpolation.ts";

/** A statement of a dotenv file. */
export interface Statement {
  key: string;
  /** What is interpolated: empty for a single-quoted value, null where there is none at all. */
  value: string | null;
  /** The value as it is, of a single-quoted one; otherwise null. */
  literal: string | null;
  line: number;
  /** Where it stands in the text. */
  start: number;
  end: number;
}

/**
 * The statements of a dotenv file as Compose reads them: `KEY=value` or `KEY: value`, a quoted value may span lines, and
 * what follows its closing quote is the next statement.
 */
export function* statementsOf(text: string): Generator<Statement> {
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const end = lineEnd(text, at);
    const body = text.slice(at, end).trimStart();
    const separator = body.search(/[=:]/);
    if (body === "" || body.startsWith("#") || separator === -1) {
      if (body !== "" && !body.startsWith("#"))
        yield { key: keyOf(body), value: null, literal: null, line, start: at, end };
      at = end + 1;
      line++;
      continue;
    }
    const key = keyOf(body.slice(0, separator));
    const rest = body.slice(separator + 1).trimStart();
    const start = end - rest.length;
    const close = closingQuote(text, start);
    if (close === -1) {
      yield { key, value: (rest.split(" #")[0] ?? "").trimEnd(), literal: null, line, start: at, end };
      at = end + 1;
      line++;
      continue;
    }
    const value = text.slice(start + 1, close);
    const isLiteral = text[start] === "'";
    yield {
      key,
      value: isLiteral ? "" : expandEscapes(value),
      literal: isLiteral ? value.replaceAll("\\'", "'") : null,
      line,
      start: at,
      end: close + 1,
    };
    at = close + 1;
    line += value.split("\n").length - 1;
  }
}

const escapes: Record<string, string> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** As Compose does in double quotes: `\\$` is a dollar sign, which its templates write twice. */
function expandEscapes(text: string): string {
  return text.replace(/\\(?:([abcfnrtv$"\\])|0(\d{0,3}))/g, (whole, letter?: string, digits = "") => {
    if (letter === "$") return "$$";
    if (letter === undefined)
      return /^[0-3][0-7]{2}$/.test(digits) ? String.fromCharCode(Number.parseInt(digits, 8)) : `\\${digits}`;
    return escapes[letter] ?? (letter === "c" ? whole : letter);
  });
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
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === quote) return at;
  }
  return -1;
}

/** More is a few bytes that fill each other in. */
const maxFilledLength = 1024 * 1024;

/**
 * The variables, with those that a dotenv file adds to them, whose values count only by how much they are: Compose reads the
 * file itself. The given ones win. Null when the values become too long together.
 */
export function withDotenv(
  text: string,
  given: Readonly<Record<string, string>>,
): Record<string, string> | null {
  const variables = { ...given };
  let total = 0;
  for (const { key, value, literal } of statementsOf(text)) {
    if (value === null || Object.hasOwn(given, key)) continue;
    total += filledLength(value, (name) => valueOf(name, variables).length);
    if (total > maxFilledLength) return null;
    const filled = literal ?? fillAll(value.replaceAll("$$", "\0"), variables).replaceAll("\0", "$");
    // Assigning one called __proto__ would be without effect.
    Object.defineProperty(variables, key, {
      value: filled,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return variables;
}

/** The text without the statements of some keys; each of the others on lines of its own. */
export function withoutKeys(text: string, isLeftOut: (key: string) => boolean): string {
  return [...statementsOf(text)]
    .filter(({ key }) => !isLeftOut(key))
    .map(({ start, end }) => `${text.slice(start, end)}\n`)
    .join("");
}
