import { type CaseRule, foldCase, readByteSet } from "./byte-set.ts";

/** One step of a compiled pattern: what it takes of the text, and where a match may go on without taking anything. */
interface Step {
  accepts: (byte: number) => boolean;
  /** It may take any number of bytes. */
  loops: boolean;
  skips: readonly number[];
}

/**
 * A pattern as Git's wildmatch reads it with its path rules: `*` and `?` stop at a slash, `**` between slashes does not,
 * and sets are of bytes. Text and pattern have one character for each byte. Returns null for a pattern that matches
 * nothing. The time of a match grows with the length of pattern times text, whatever the pattern.
 */
export function compileWildcard(pattern: string, rule: CaseRule): Wildcard | null {
  const steps: Step[] = [];
  let at = 0;
  while (at < pattern.length) {
    const read = readSteps(pattern, { at, rule });
    if (read === null) return null;
    steps.push(...read.steps);
    at = read.next;
  }
  return { matches: (text) => matchSteps(steps, foldCase(text, rule)), size: steps.length };
}

export interface Wildcard {
  matches: (text: string) => boolean;
  /** How many steps each byte of a text may cost. */
  size: number;
}

const slash = 0x2f;
const any = () => true;
const none = () => false;
const notSlash = (byte: number) => byte !== slash;

interface ReadSteps {
  steps: readonly Step[];
  next: number;
}

function readSteps(pattern: string, { at, rule }: { at: number; rule: CaseRule }): ReadSteps | null {
  const char = pattern[at] ?? "";
  if (char === "?") return { steps: [take(notSlash)], next: at + 1 };
  if (char === "*") return readStars(pattern, at);
  if (char === "[") {
    const set = readByteSet(pattern, { start: at, rule });
    if (set === null) return null;
    return { steps: [take((byte) => byte !== slash && set.accepts(byte))], next: set.next };
  }
  const literal = char === "\\" ? at + 1 : at;
  // What follows a backslash is compared as it is, whatever the rule.
  const code = (char === "\\" ? pattern : foldCase(pattern, rule)).charCodeAt(literal);
  // A backslash at the end has nothing to stand for.
  return Number.isNaN(code) ? null : { steps: [take((byte) => byte === code)], next: literal + 1 };
}

function readStars(pattern: string, at: number): ReadSteps {
  let next = at;
  while (pattern[next] === "*") next++;
  const isBetweenSlashes =
    next - at > 1 && (at === 0 || pattern[at - 1] === "/") && /^(?:$|\/|\\\/)/.test(pattern.slice(next));
  const stars: Step = { accepts: isBetweenSlashes ? any : notSlash, loops: true, skips: [1] };
  if (!isBetweenSlashes || pattern[next] !== "/") return { steps: [stars], next };
  // `a/**/b` is also `a/b`: past the stars and the slash that follows.
  return { steps: [{ accepts: none, loops: false, skips: [1, 3] }, stars], next };
}

function take(accepts: Step["accepts"]): Step {
  return { accepts, loops: false, skips: [] };
}

function matchSteps(steps: readonly Step[], text: string): boolean {
  let places = new Set<number>();
  reach(steps, places, 0);
  for (let index = 0; index < text.length && places.size > 0; index++) {
    const byte = text.charCodeAt(index);
    const next = new Set<number>();
    for (const place of places) {
      const step = steps[place];
      if (step?.accepts(byte) === true) reach(steps, next, step.loops ? place : place + 1);
    }
    places = next;
  }
  return places.has(steps.length);
}

function reach(steps: readonly Step[], places: Set<number>, place: number): void {
  if (places.has(place)) return;
  places.add(place);
  for (const skip of steps[place]?.skips ?? []) reach(steps, places, place + skip);
}
