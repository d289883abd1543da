/** Longer patterns are programs, not rules for a setting. */
const maxLength = 200;

/** A group that repeats more often than this may not hold another repetition. */
const maxNestedRepeats = 4;

/**
 * Why a regular expression of a schema is refused, or null. A repeated group that itself holds a repetition, or
 * alternatives that begin alike, can take exponential time on a text that does not match.
 */
export function patternFault(pattern: string): string | null {
  if (pattern.length > maxLength) return `is longer than ${maxLength} characters`;
  try {
    RegExp(pattern, "u");
  } catch {
    return "is not a regular expression";
  }
  return hasNestedRepetition(pattern)
    ? "repeats a group that holds a repetition or alternatives that begin alike"
    : null;
}

interface Group {
  /** Holds something of which the text decides how often it matches. */
  varies: boolean;
  /** How each alternative begins: a plain character, or empty for anything else. */
  starts: string[];
  atStart: boolean;
}

/** Escapes, classes, group openings, the rest one by one: what is inside a class repeats nothing. */
const tokenPattern =
  /\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\.|\[(?:\\.|[^\]\\])*\]|\(\?(?:[:=!]|<[=!]|<[^>]*>)|\{\d+(?:,\d*)?\}|./gsu;

function hasNestedRepetition(pattern: string): boolean {
  const tokens = pattern.match(tokenPattern) ?? [];
  const open: Group[] = [newGroup()];
  for (const [index, token] of tokens.entries()) {
    const group = open.at(-1);
    if (group === undefined) return true;
    if (token.startsWith("(")) {
      noteStart(group, "");
      open.push(newGroup());
    } else if (token === ")") {
      open.pop();
      const outer = open.at(-1);
      const repeats = repeatsOf(tokens[index + 1]);
      if (repeats !== null && repeats.max > maxNestedRepeats && isRisky(group)) return true;
      if (outer !== undefined) outer.varies ||= group.varies || isAmbiguous(group);
    } else if (token === "|") {
      group.atStart = true;
    } else {
      const repeats = repeatsOf(token);
      if (repeats === null) noteStart(group, /^[\w\- @/:]$/.test(token) ? token : "");
      else group.varies ||= repeats.varies;
    }
  }
  return false;
}

function newGroup(): Group {
  return { varies: false, starts: [], atStart: true };
}

function noteStart(group: Group, start: string): void {
  if (group.atStart) group.starts.push(start);
  group.atStart = false;
}

function isRisky(group: Group): boolean {
  return group.varies || isAmbiguous(group);
}

function isAmbiguous({ starts }: Group): boolean {
  return starts.length > 1 && (starts.includes("") || new Set(starts).size < starts.length);
}

/** How often a quantifier repeats, or null for any other token. */
function repeatsOf(token: string | undefined): { max: number; varies: boolean } | null {
  if (token === "*" || token === "+") return { max: Infinity, varies: true };
  if (token === "?") return { max: 1, varies: true };
  const [, least, comma, most] = /^\{(\d+)(,?)(\d*)\}$/.exec(token ?? "") ?? [];
  if (least === undefined) return null;
  if (comma === "") return { max: Number(least), varies: false };
  return { max: most === "" ? Infinity : Number(most), varies: most !== least };
}
