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
 * and sets are of bytes. Text and pattern have one character for each byte; where case is ignored, a text comes folded. Returns null for a pattern that matches
 * nothing. The time of a match grows at most with the length of pattern times text, whatever the pattern.
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
  const places = new Places(steps);
  return (text, meter) => places.matches(text, meter);
}

/** Whether a text is meant. The meter pays for what that takes. */
export type Wildcard = (text: string, meter: Meter) => boolean;

/** What all matches together may still cost, in steps; less than nothing when they have cost more. */
export interface Meter {
  left: number;
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

/** The places in a pattern that a text has come to; `marks` knows which of them are there. */
class Places {
  readonly #steps: readonly Step[];
  readonly #marks: Uint32Array;
  #mark = 0;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
    this.#marks = new Uint32Array(steps.length + 1);
  }

  matches(text: string, meter: Meter): boolean {
    let places = this.#reach([], { place: 0, mark: ++this.#mark });
    for (let index = 0; index < text.length && places.length > 0; index++) {
      meter.left -= places.length;
      const byte = text.charCodeAt(index);
      const next: number[] = [];
      const mark = ++this.#mark;
      for (const place of places) {
        const step = this.#steps[place];
        if (step?.accepts(byte) === true) this.#reach(next, { place: step.loops ? place : place + 1, mark });
      }
      places = next;
    }
    return places.includes(this.#steps.length);
  }

  /** Adds a place, and all that it leads to without a byte. */
  #reach(places: number[], { place, mark }: { place: number; mark: number }): number[] {
    if (this.#marks[place] === mark) return places;
    this.#marks[place] = mark;
    places.push(place);
    for (const skip of this.#steps[place]?.skips ?? []) this.#reach(places, { place: place + skip, mark });
    return places;
  }
}
