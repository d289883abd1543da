import { buildMachine, matches, type MatchBudget, type PatternMachine } from "./pattern-machine.ts";
import { parsePattern } from "./pattern-syntax.ts";

/** Longer patterns are programs, not rules for a setting. */
const maxPatternLength = 500;

/** UTF-16 units; a longer text matches no pattern. */
export const maxTextLength = 4096;

/** Steps that all patterns of one release may take together: about a second, and far more than real settings need. */
export const maxMatchSteps = 20_000_000;

/** Why a regular expression of a schema is refused, or null. What is taken is matched in linear time. */
export function patternFault(pattern: string): string | null {
  const read = readPattern(pattern);
  return typeof read === "string" ? read : null;
}

/** Whether a pattern fits somewhere in a text; false for every text once the budget is used up. */
export type PatternTest = (pattern: string, text: string) => boolean;

/** Tests of patterns that `patternFault` takes, all on one budget. */
export function newPatternTest(budget: MatchBudget): PatternTest {
  const machines = new Map<string, PatternMachine | string>();
  return (pattern, text) => {
    const machine = machines.get(pattern) ?? readPattern(pattern);
    machines.set(pattern, machine);
    if (typeof machine === "string" || text.length > maxTextLength || budget.steps <= 0) return false;
    return matches(machine, { text, budget });
  };
}

function readPattern(pattern: string): PatternMachine | string {
  if (pattern.length > maxPatternLength) return `is longer than ${maxPatternLength} characters`;
  try {
    RegExp(pattern, "u");
  } catch {
    return "is not a regular expression";
  }
  const node = parsePattern(pattern);
  if (typeof node === "string") return `${node}, which cannot be matched in a time that is known`;
  return buildMachine(node) ?? "repeats too much: its counts together are over 2000";
}
