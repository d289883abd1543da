import type { PatternNode } from "./pattern-syntax.ts";

/** Counts are written out, `a{3}` as `aaa`: this bounds memory, and the time for each character of a text. */
const maxStates = 2000;

type State =
  | { kind: "character"; source: string; next: number }
  | { kind: "start" | "end"; next: number }
  | { kind: "split"; next: number[] }
  | { kind: "accept" };

/** A pattern as a nondeterministic automaton (Thompson's construction): any text is read once, never backwards. */
export interface PatternMachine {
  states: readonly State[];
  first: number;
  /** Whether a character fits the source of an escape, a class or a character. */
  fits: (source: string, character: string) => boolean;
}

/** Counts what matching costs, so that time is bounded alike on every machine. */
export interface MatchBudget {
  steps: number;
}

/** The automaton of a pattern, or null when it would be too large. */
export function buildMachine(pattern: PatternNode): PatternMachine | null {
  const building: Building = { states: [{ kind: "accept" }], built: 0 };
  const first = build(building, { node: pattern, next: 0 });
  return isFull(building) ? null : { states: building.states, first, fits: newCharacterTest() };
}

interface Building {
  states: State[];
  /** Also counts parts that need no state: `(){1000000}` takes time too. */
  built: number;
}

function isFull({ built }: Building): boolean {
  return built > maxStates;
}

function add({ states }: Building, state: State): number {
  return states.push(state) - 1;
}

/** Adds what matches the node and then goes on at `next`; returns where it begins. */
function build(building: Building, { node, next }: { node: PatternNode; next: number }): number {
  building.built++;
  if (isFull(building)) return next;
  switch (node.kind) {
    case "character":
      return add(building, { kind: "character", source: node.source, next });
    case "start":
    case "end":
      return add(building, { kind: node.kind, next });
    case "sequence":
      return node.parts.reduceRight((after, part) => build(building, { node: part, next: after }), next);
    case "choice":
      return add(building, {
        kind: "split",
        next: node.parts.map((part) => build(building, { node: part, next })),
      });
    default:
      return buildRepeat(building, { node, next });
  }
}

function buildRepeat(
  building: Building,
  { node, next }: { node: PatternNode & { kind: "repeat" }; next: number },
): number {
  let entry = next;
  if (node.most === Infinity) {
    const loop: State & { kind: "split" } = { kind: "split", next: [next] };
    entry = add(building, loop);
    loop.next.push(build(building, { node: node.part, next: entry }));
  } else {
    for (let left = node.most - node.least; left > 0 && !isFull(building); left--) {
      const part = build(building, { node: node.part, next: entry });
      entry = add(building, { kind: "split", next: [next, part] });
    }
  }
  for (let left = node.least; left > 0 && !isFull(building); left--) {
    entry = build(building, { node: node.part, next: entry });
  }
  return entry;
}

/** One character against one class cannot take long, so that may be asked of the language's own expressions. */
function newCharacterTest(): PatternMachine["fits"] {
  const expressions = new Map<string, RegExp>();
  return (source, character) => {
    const expression = expressions.get(source) ?? new RegExp(`^${source}$`, "u");
    expressions.set(source, expression);
    return expression.test(character);
  };
}

/** Whether the pattern fits somewhere in the text, as `RegExp.test` with the flag `u` says. Takes steps off the budget. */
export function matches(
  machine: PatternMachine,
  { text, budget }: { text: string; budget: MatchBudget },
): boolean {
  const characters = Array.from(text);
  let reached = new Set<number>();
  for (let at = 0; at <= characters.length; at++) {
    reached.add(machine.first);
    const place = { isStart: at === 0, isEnd: at === characters.length };
    if (follow(machine, { reached, place })) return true;
    budget.steps -= reached.size;
    reached = read(machine, { reached, character: characters[at] ?? "" });
  }
  return false;
}

/** Adds all states that need no character; true when the end is among them. */
function follow(
  { states }: PatternMachine,
  { reached, place }: { reached: Set<number>; place: { isStart: boolean; isEnd: boolean } },
): boolean {
  // What is added to a set while it is walked is walked too.
  for (const index of reached) {
    const state = states[index];
    if (state?.kind === "accept") return true;
    if (state?.kind === "split") for (const next of state.next) reached.add(next);
    else if (state?.kind === "start" && place.isStart) reached.add(state.next);
    else if (state?.kind === "end" && place.isEnd) reached.add(state.next);
  }
  return false;
}

function read(
  { states, fits }: PatternMachine,
  { reached, character }: { reached: ReadonlySet<number>; character: string },
): Set<number> {
  const next = new Set<number>();
  for (const index of reached) {
    const state = states[index];
    if (state?.kind === "character" && fits(state.source, character)) next.add(state.next);
  }
  return next;
}
