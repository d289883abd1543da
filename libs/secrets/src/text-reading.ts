import { bytesOf } from "./value-form.ts";

/** What a piece that matches stands for; itself when that is null. */
export interface Reading {
  pattern: RegExp;
  read: (piece: string) => string | null;
}

const controls: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
const entities: Readonly<Record<string, string>> = {
  amp: "&",
  apos: "'",
  gt: ">",
  lt: "<",
  nbsp: " ",
  quot: '"',
};

/** JSON, JavaScript, Python, C and `$'…'` of a shell. */
const strings: Reading = {
  pattern:
    /\\(?:u[Dd][89ABab][\dA-Fa-f]{2}\\u[Dd][C-Fc-f][\dA-Fa-f]{2}|u[\dA-Fa-f]{4}|u\{[\dA-Fa-f]{1,6}\}|x[\dA-Fa-f]{2}|[0-3][0-7]{2}|["'`\\/abefnrtv])/g,
  read(piece) {
    const kind = piece[1] ?? "";
    if (kind === "x") return String.fromCharCode(Number.parseInt(piece.slice(2), 16));
    if (/\d/.test(kind)) return String.fromCharCode(Number.parseInt(piece.slice(1), 8));
    if (kind !== "u") return controls[kind] ?? kind;
    const units = piece.match(/[\dA-Fa-f]{4,6}|[\dA-Fa-f]+/g) ?? [];
    const codes = units.map((unit) => Number.parseInt(unit, 16));
    if (piece.includes("{"))
      return (codes[0] ?? 0) > 0x10ffff ? null : bytesOf(String.fromCodePoint(codes[0] ?? 0));
    return bytesOf(String.fromCharCode(...codes));
  },
};

/** URLs, and forms with their `+`. */
const percents: Reading = {
  pattern: /%[\dA-Fa-f]{2}/g,
  read: (piece) => String.fromCharCode(Number.parseInt(piece.slice(1), 16)),
};
const formFields: Reading = {
  pattern: /%[\dA-Fa-f]{2}|\+/g,
  read: (piece) => (piece === "+" ? " " : percents.read(piece)),
};

const markup: Reading = {
  pattern: /&(?:amp|apos|gt|lt|nbsp|quot|#\d{1,7}|#[Xx][\dA-Fa-f]{1,6});/g,
  read(piece) {
    const name = piece.slice(1, -1);
    if (!name.startsWith("#")) return entities[name] ?? null;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0x10ffff ? null : bytesOf(String.fromCodePoint(code));
  },
};

/** In single quotes a shell knows no escapes: the quote ends, comes by other means and begins anew. YAML and SQL double it. */
const singleQuotes: Reading = { pattern: /'\\''|'"'"'|''/g, read: () => "'" };
/** CSV doubles it. */
const doubleQuotes: Reading = { pattern: /""/g, read: () => '"' };
/** Compose and make double it. */
const dollars: Reading = { pattern: /\$\$/g, read: () => "$" };
/** In double quotes of a shell only these are escaped; without quotes everything may be. */
const shellStrings: Reading = { pattern: /\\["\\$`]/g, read: (piece) => piece[1] ?? null };
const shellWords: Reading = { pattern: /\\[^\n]/g, read: (piece) => piece[1] ?? null };
/** A terminal shows a value in one piece in which colours begin and end (ECMA-48, control sequences). */
// oxlint-disable-next-line no-control-regex -- it is what must be found
const colours: Reading = { pattern: /\x1b\[[0-?]*[ -/]*[@-~]/g, read: () => "" };
/** Docker puts its time before each piece of 16 KiB of a terminal's output, also in the midst of a line. */
const engineTimes: Reading = {
  pattern: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /g,
  read: () => "",
};
const lineEnds: Reading = { pattern: /\r\n?/g, read: () => "\n" };
/** Base64 and hex come in lines, and hex with colons. */
export const whiteSpace: Reading = { pattern: /[\s:]+/g, read: () => "" };

/** The ways in which texts are escaped. */
export const readings: readonly Reading[] = [
  strings,
  percents,
  formFields,
  markup,
  singleQuotes,
  doubleQuotes,
  dollars,
  shellStrings,
  shellWords,
  lineEnds,
  colours,
  engineTimes,
];

/** A text that is escaped twice is most often in JSON, holds JSON, or is escaped twice in the same way. */
export function furtherReadings(reading: Reading): readonly Reading[] {
  return reading === strings ? readings : [strings, reading];
}
