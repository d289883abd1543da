/** A clone ignores the case of names where its disk does (git-config(1), core.ignoreCase). */
export interface CaseRule {
  ignoresCase: boolean;
}

/** Only letters of ASCII have a case for Git. */
export function foldCase(text: string, { ignoresCase }: CaseRule): string {
  return ignoresCase ? text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()) : text;
}

/** The bytes of POSIX's classes, as Git has them in every locale. */
const classes: ReadonlyMap<string, RegExp> = new Map([
  ["alnum", /[0-9A-Za-z]/],
  ["alpha", /[A-Za-z]/],
  ["blank", /[ \t]/],
  // oxlint-disable-next-line no-control-regex -- the class of control characters
  ["cntrl", /[\u0000-\u001f\u007f]/],
  ["digit", /[0-9]/],
  ["graph", /[!-~]/],
  ["lower", /[a-z]/],
  ["print", /[ -~]/],
  ["punct", /[!-/:-@[-`{-~]/],
  ["space", /[ \t\n\r]/],
  ["upper", /[A-Z]/],
  ["xdigit", /[0-9A-Fa-f]/],
]);

export interface ByteSet {
  accepts: (byte: number) => boolean;
  next: number;
}

/**
 * The set that begins with `[` at `start`; null when it does not end, or has a class that does not exist. Where case is
 * ignored, only ranges and the class of capitals have small letters, too: that is how Git has it.
 */
export function readByteSet(
  pattern: string,
  { start, rule }: { start: number; rule: CaseRule },
): ByteSet | null {
  let at = start + 1;
  const isNegated = pattern[at] === "!" || pattern[at] === "^";
  if (isNegated) at++;
  const tests: ((byte: number) => boolean)[] = [];
  let last: number | null = null;
  for (let first = true; first || pattern[at] !== "]"; first = false) {
    if (at >= pattern.length) return null;
    const named = readClass(pattern, at);
    if (named === "unknown") return null;
    if (named !== null) {
      const { test } = named;
      const inClass = (byte: number) => test.test(String.fromCharCode(byte));
      tests.push(test === classes.get("upper") ? withCase(inClass, rule) : inClass);
      [last, at] = [null, named.next];
      continue;
    }
    const isRange: boolean =
      pattern[at] === "-" && last !== null && !["]", undefined].includes(pattern[at + 1]);
    if (isRange) at++;
    if (pattern[at] === "\\") at++;
    if (at >= pattern.length) return null;
    const code = pattern.charCodeAt(at++);
    const from: number = isRange && last !== null ? last : code;
    const inRange = (byte: number) => byte >= from && byte <= code;
    tests.push(isRange ? withCase(inRange, rule) : inRange);
    last = isRange ? null : code;
  }
  // Tried once for each byte, since a set can have thousands of parts.
  const table = Array.from({ length: 256 }, (_, byte) => tests.some((test) => test(byte)) !== isNegated);
  return { accepts: (byte) => table[byte] === true, next: at + 1 };
}

/** A small letter passes also where its capital would. */
function withCase(test: ByteSet["accepts"], { ignoresCase }: CaseRule): ByteSet["accepts"] {
  const isSmall = (byte: number) => byte >= 0x61 && byte <= 0x7a;
  return ignoresCase ? (byte) => test(byte) || (isSmall(byte) && test(byte - 0x20)) : test;
}

/** A class such as `[:alpha:]` in a set; null when there is none at this place, so that `[` stands for itself. */
function readClass(pattern: string, at: number): { test: RegExp; next: number } | "unknown" | null {
  if (!pattern.startsWith("[:", at)) return null;
  const end = pattern.indexOf("]", at + 2);
  if (end < 0) return "unknown";
  if (end - at < 3 || pattern[end - 1] !== ":") return null;
  const test = classes.get(pattern.slice(at + 2, end - 1));
  return test === undefined ? "unknown" : { test, next: end + 1 };
}
